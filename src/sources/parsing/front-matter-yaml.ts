import { parse } from 'yaml'
import { messageOf } from '../../runtime/errors.ts'

/** What front matter says of its document. */
export interface Said {
  /** Its `title`, or null. */
  readonly title: string | null
  readonly metadata: Readonly<Record<string, string>>
}

const mostEntries = 64
const longestKey = 128
const longestValue = 1024

/**
 * What stands in the YAML of a front matter; null for YAML that is no mapping, and why not for what is no YAML. Values
 * become strings: lists of plain values with commas, anything deeper as JSON; entries past the bounds are cut.
 */
export const parseFrontMatter = (yaml: string): Said | null | { readonly error: string } => {
  try {
    const found: unknown = parse(yaml, { maxAliasCount: 100, logLevel: 'error' })
    if (found === null) return { title: null, metadata: {} }
    if (typeof found !== 'object' || Array.isArray(found)) return null
    return entriesOf(found)
  } catch (error) {
    return { error: cut(messageOf(error).split('\n')[0]!, longestValue) }
  }
}

const entriesOf = (found: object): Said => {
  const entries = Object.entries(found)
    .filter(([key, value]) => value !== null && value !== undefined && !key.includes('\0'))
    .slice(0, mostEntries)
    .map(([key, value]) => [cut(key, longestKey), cut(plain(value), longestValue)] as const)
  const metadata = Object.fromEntries(entries)
  return { title: metadata.title?.trim() || null, metadata }
}

const plain = (value: unknown): string => {
  const text =
    value instanceof Date
      ? value.toISOString()
      : Array.isArray(value) && value.every(one => typeof one !== 'object')
        ? value.join(', ')
        : typeof value === 'object'
          ? JSON.stringify(value)
          : String(value)
  return text.replaceAll('\0', '')
}

const cut = (text: string, length: number): string => text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')
