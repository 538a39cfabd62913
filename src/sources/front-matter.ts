import { parse } from 'yaml'
import { messageOf } from '../runtime/errors.ts'

export interface FrontMatter {
  /** Where the text goes on after it. */
  readonly end: number
  /** Its `title`, or null. */
  readonly title: string | null
  readonly metadata: Readonly<Record<string, string>>
}

const longest = 64 * 1024
const mostEntries = 64
const longestKey = 128
const longestValue = 1024

/**
 * The YAML between two lines `---` at the start of a text, or null where there is none. Values become strings: lists of
 * plain values with commas, anything deeper as JSON; entries past the bounds are cut. What is not YAML is text: it stays,
 * and `front_matter_error` says why.
 */
export const frontMatterOf = (text: string): FrontMatter | null => {
  const match = /^---[ \t]*\r?\n/.exec(text)
  if (!match) return null
  const begin = match[0].length
  const rest = text.slice(begin - 1, begin + longest)
  const close = /\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(rest)
  if (!close) return null
  const end = begin - 1 + close.index + close[0].length
  try {
    const found: unknown = parse(text.slice(begin, begin + close.index), { maxAliasCount: 100, logLevel: 'error' })
    if (found === null) return { end, title: null, metadata: {} }
    if (typeof found !== 'object' || Array.isArray(found)) return null
    return { end, ...entriesOf(found) }
  } catch (error) {
    const reason = cut(messageOf(error).split('\n')[0]!, longestValue)
    return { end: 0, title: null, metadata: { front_matter_error: reason } }
  }
}

const entriesOf = (found: object): Pick<FrontMatter, 'title' | 'metadata'> => {
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
