import type { z } from 'zod'
import type { Mistake } from './contract/errors.ts'

/** The result of checking one part of a request: its value, or every mistake in it. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly mistakes: Mistake[] }

/** Checks `raw` once; `root` is what a mistake about the whole of it is called (`body`, `query`, `params`). */
export const check = <S extends z.ZodType>(schema: S, raw: unknown, root: string): Checked<z.output<S>> => {
  const parsed = schema.safeParse(raw, { error: sentence })
  const mistakes = parsed.success ? [] : parsed.error.issues.flatMap(issue => mistakesOf(issue, root))
  const named = new Set(mistakes.map(one => one.path))
  mistakes.push(...nulCharacters(raw, [], root).filter(one => !named.has(one.path)))
  return parsed.success && mistakes.length === 0 ? { ok: true, value: parsed.data } : { ok: false, mistakes }
}

const mistakesOf = (issue: z.core.$ZodIssue, root: string): Mistake[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map(key => ({ path: pathOf([...issue.path, key], root), message: issue.message }))
    : [{ path: pathOf(issue.path, root), message: issue.message }]

/** `sources[0].path`; fields of the body stand alone, those of other parts carry its name. */
const pathOf = (path: readonly PropertyKey[], root: string): string => {
  if (path.length === 0) return root
  const dotted = path.map(key => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return root === 'body' ? dotted.replace(/^\./, '') : `${root}${dotted}`
}

const sentence = (issue: z.core.$ZodRawIssue): string | undefined => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `must be ${articled(issue.expected)}, not ${kindOf(issue.input)}`
    case 'invalid_value':
      return `must be ${listed(issue.values.map(value => JSON.stringify(value)))}`
    case 'invalid_union':
      return Array.isArray(issue.options)
        ? `must be ${listed(issue.options.map(one => JSON.stringify(one)))}`
        : undefined
    case 'unrecognized_keys':
      return `is no known field; known are ${Object.keys(shapeOf(issue.inst)).join(', ')}`
    case 'too_small':
      return `must ${bound(issue.origin, 'at least', issue.minimum)}`
    case 'too_big':
      return `must ${bound(issue.origin, 'at most', issue.maximum)}`
    default:
      return undefined
  }
}

const bound = (origin: string, side: string, value: unknown): string => {
  if (origin === 'string') return `have ${side} ${value} characters`
  return origin === 'array' ? `have ${side} ${value} entries` : `be ${side} ${value}`
}

const articled = (type: string): string => {
  const name = type === 'int' ? 'integer' : type
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
}

const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (typeof value === 'number') return String(value)
  return Array.isArray(value) ? 'an array' : articled(typeof value)
}

const listed = (values: readonly string[]): string =>
  values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`

const shapeOf = (inst: unknown): object => (inst as { def?: { shape?: object } } | undefined)?.def?.shape ?? {}

const deepest = 8

/** PostgreSQL cannot hold the NUL character in text. No schema goes as deep as this walk. */
const nulCharacters = (value: unknown, path: readonly PropertyKey[], root: string): Mistake[] => {
  if (typeof value === 'string')
    return value.includes('\0') ? [{ path: pathOf(path, root), message: 'must not contain the NUL character' }] : []
  if (value === null || typeof value !== 'object' || path.length > deepest) return []
  return Array.isArray(value)
    ? value.flatMap((one, index) => nulCharacters(one, [...path, index], root))
    : Object.entries(value).flatMap(([key, one]) => nulCharacters(one, [...path, key], root))
}
