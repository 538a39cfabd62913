import type { OutgoingRecord } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import { eventsSource } from '../schemas/identity.ts'
import { intake, intakeLetters } from '../schemas/names.ts'
import { deadLetters, upstreamDocuments } from '../schemas/topics.ts'

/** The code of such a dead letter. */
export const expiredCode = 'expired'

interface ExpiredOptions {
  readonly codec: Pick<Codec, 'encode'>
  readonly partition: number
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** Upstream records that retention has deleted unread are gone, but not in silence. */
export const expiredLetter = ({ codec, partition, from, to }: ExpiredOptions) => {
  const message =
    `Records ${from} to ${to - 1} of partition ${partition} of ${upstreamDocuments.name} were deleted by its retention ` +
    'before INTAKE read them: publish their documents again.'
  const value = codec.encode(deadLetters, {
    type: 'dead_letter',
    job_id: intakeLetters,
    kb_id: '',
    stage: intake,
    topic: upstreamDocuments.name,
    lane: partition,
    offset: from,
    code: expiredCode,
    message,
    attempts: 1,
    uri: null,
    document_id: null,
    source: eventsSource,
    trace_id: null,
    payload: null,
  })
  const record: OutgoingRecord = { key: String(partition), value }
  return { record, message }
}
