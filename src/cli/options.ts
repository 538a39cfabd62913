import { InvalidArgumentError } from 'commander'
import type { IngestBody } from '../api/contract/requests.ts'

/** An option's number; bounds are the server's business. */
export const integer = (text: string): number => {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

/** The same with a fraction. */
export const decimal = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

/** For options that may be given several times. */
export const collect = (one: string, before: readonly string[] = []): readonly string[] => [...before, one]

/** `hashing`, `hashing:MODEL:DIMENSIONS` or `openai:MODEL:DIMENSIONS`; a model's name may have colons of its own. */
export const embeddingOption = (text: string): NonNullable<IngestBody['embedding']> => {
  if (text === 'hashing') return { provider: 'hashing' }
  const [, provider, model, dimensions] = /^(hashing|openai):(.+):(\d+)$/.exec(text) ?? []
  if (provider === 'openai' && model !== undefined) return { provider, model, dimensions: Number(dimensions) }
  if (provider === 'hashing' && model === 'hashing-v1') return { provider, model, dimensions: Number(dimensions) }
  throw new InvalidArgumentError(
    'It must be PROVIDER:MODEL:DIMENSIONS, such as hashing:hashing-v1:384 or openai:text-embedding-3-small:1536.',
  )
}

/** The help of a verb ends with examples. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map(line => `  $ penstock ${line}`).join('\n')}`

export const jsonFlag = ['--json', 'print one JSON document instead of text'] as const
