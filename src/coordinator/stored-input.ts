import type { Codec } from '../schemas/codec.ts'
import { CodecError } from '../schemas/codec-error.ts'
import type { DeadLetter } from '../schemas/dead-letter.ts'
import { storable } from '../schemas/storable.ts'
import { topics } from '../schemas/topics.ts'
import type { StoredInput } from './entities.ts'

/** A rejected record as it is kept: to be read by people where it can be, else its first bytes. */
export const storedInput = (
  { codec }: { readonly codec: Codec },
  { topic: name, payload }: Pick<DeadLetter, 'topic' | 'payload'>,
): { readonly input: StoredInput | null; readonly payload: Buffer | null } => {
  const topic = topics.find(one => one.name === name)
  if (payload === null || !topic) return { input: null, payload }
  try {
    const text = JSON.stringify(codec.decode(topic, payload), readable)
    return { input: JSON.parse(text) as StoredInput, payload: null }
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    return { input: null, payload }
  }
}

/** Bytes as base64, and text that PostgreSQL takes. */
const readable = (_: string, value: unknown): unknown => {
  if (typeof value === 'string') return storable(value)
  const bytes = value as { readonly type?: unknown; readonly data?: unknown } | null
  if (bytes?.type === 'Buffer' && Array.isArray(bytes.data)) return Buffer.from(bytes.data).toString('base64')
  return value
}
