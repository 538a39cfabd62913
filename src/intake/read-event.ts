import { z } from 'zod'
import type { BrokerRecord } from '../kafka/broker.ts'
import { messageOf } from '../runtime/errors.ts'
import type { Codec } from '../schemas/codec.ts'
import type { LoadEvent } from '../schemas/load-event.ts'
import { upstreamDocuments } from '../schemas/topics.ts'
import { traceOfParent } from '../schemas/trace-context.ts'

/** An upstream record as it was understood. */
export interface ReadEvent {
  readonly kbId: string
  readonly event: Omit<LoadEvent, 'job_id'>
}

/** An upstream record that can never be worked on, and all that is wrong with it. */
export interface Refused {
  /** Where the record names one. */
  readonly kbId: string | null
  readonly refused: { readonly code: string; readonly message: string }
}

/** Larger ones would not fit a record of a lane, whose limit is 8 MiB. */
const mostBytes = 8_000_000

/** What a dead letter says; a record may be wrong in a hundred thousand places. */
const mostMistakes = 20
const longestMessage = 4096

const kbId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,63}$/,
    "must be 1 to 64 lower-case letters, digits, '-' or '_', as knowledge bases are named",
  )
const uri = z
  .string()
  .min(1, 'must not be empty')
  .max(4096, 'must have at most 4096 characters')
  .refine(text => !text.includes('\0'), { error: 'must not contain a NUL character' })

const upstream = z
  .strictObject({
    type: z.literal('upstream_document').optional(),
    kb_id: kbId,
    uri,
    title: z.string().max(4096, 'must have at most 4096 characters').nullish(),
    media_type: z
      .string()
      .min(1, 'must not be empty')
      .max(255, 'must have at most 255 characters')
      .default('text/plain'),
    text: z.string().nullish(),
    metadata: z.record(z.string(), z.string()).default({}),
    language: z.string().max(255, 'must have at most 255 characters').nullish(),
    deleted: z.boolean().default(false),
    occurred_at: z.iso.datetime({ offset: true, error: 'must be ISO 8601 with a time zone' }).nullish(),
  })
  .refine(({ text, deleted }) => deleted || typeof text === 'string', {
    path: ['text'],
    error: 'is missing: a document has one, unless it is deleted',
  })

/** Reads a record of `upstream.documents`: Avro in the Confluent wire format, JSON, or nothing for a document that is gone. */
export const readEvent = (
  record: BrokerRecord,
  codec: Pick<Codec, 'decode'>,
  partition: number,
): ReadEvent | Refused => {
  const { value, headers, key } = record
  if (value.length > mostBytes)
    return refuse(null, 'too_large', `It has ${value.length} bytes; ${mostBytes} are the most.`)
  if (value.length === 0) return tombstone(record, partition)
  let given: unknown
  try {
    given = value[0] === 0 ? { ...codec.decode(upstreamDocuments, value) } : JSON.parse(value.toString())
  } catch (error) {
    const message = `It is neither Avro in the Confluent wire format nor JSON: ${messageOf(error)}`
    return refuse(null, 'undecodable', message)
  }
  const checked = upstream.safeParse(given)
  if (!checked.success) return refuse(kbOf(given), 'invalid_event', mistakesOf(checked.error))
  const { kb_id, occurred_at, metadata, ...one } = checked.data
  if (key !== one.uri)
    return refuse(
      kb_id,
      'invalid_event',
      `The record key must be the uri, ${one.uri}: it keeps the order. It is '${key}'.`,
    )
  return {
    kbId: kb_id,
    event: {
      type: 'load_event',
      uri: one.uri,
      title: one.title ?? '',
      media_type: one.media_type,
      text: one.deleted ? '' : (one.text ?? ''),
      metadata: occurred_at ? { occurred_at, ...metadata } : metadata,
      language: one.language ?? null,
      deleted: one.deleted,
      ...placeOf(record, partition, headers),
    },
  }
}

/** A record without a value: its key says which document is gone, a header of which knowledge base. */
const tombstone = (record: BrokerRecord, partition: number): ReadEvent | Refused => {
  const checked = z.strictObject({ kb_id: kbId, key: uri }).safeParse({ kb_id: record.headers.kb_id, key: record.key })
  if (!checked.success) {
    const message = `A record without a value deletes a document, by its key and the header kb_id: ${mistakesOf(checked.error)}`
    return refuse(null, 'invalid_event', message)
  }
  const nothing = { title: '', media_type: 'text/plain', text: '', metadata: {}, language: null }
  const event = { type: 'load_event', uri: record.key, ...nothing, deleted: true } as const
  return { kbId: checked.data.kb_id, event: { ...event, ...placeOf(record, partition, record.headers) } }
}

const placeOf = ({ offset }: BrokerRecord, partition: number, { traceparent }: BrokerRecord['headers']) => ({
  upstream_partition: partition,
  upstream_offset: offset,
  traceparent: traceparent !== undefined && traceOfParent(traceparent) !== null ? traceparent : null,
})

const refuse = (kb: string | null, code: string, message: string): Refused => ({
  kbId: kb,
  refused: { code, message: message.slice(0, longestMessage) },
})

/** The knowledge base that a record names which is wrong otherwise. */
const kbOf = (given: unknown): string | null => {
  const checked = z.object({ kb_id: kbId }).safeParse(given)
  return checked.success ? checked.data.kb_id : null
}

const mistakesOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, mostMistakes)
    .map(({ path, message }) => `${path.join('.').slice(0, 200) || 'record'}: ${message}`)
    .join('; ')
