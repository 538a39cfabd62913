import type { BrokerRecord, OutgoingRecord } from '../kafka/broker.ts'
import type { SliceTrace } from '../runtime/tracing.ts'
import type { Codec } from '../schemas/codec.ts'
import { documentId, eventsSource } from '../schemas/identity.ts'
import type { LaneControl } from '../schemas/lane-control.ts'
import { intake, intakeLetters } from '../schemas/names.ts'
import { deadLetters, loadRequests, upstreamDocuments } from '../schemas/topics.ts'
import { originHeader, traceOfParent } from '../schemas/trace-context.ts'
import { type ParkedRecord, type Room, sizeOf } from './parking.ts'
import type { ReadEvent, Refused } from './read-event.ts'

/** An upstream record and what it says. */
export interface Arrived {
  readonly record: BrokerRecord
  readonly read: ReadEvent | Refused
}

/** As its span tells of it. */
export const inputOf = (record: BrokerRecord) => ({ record, value: { type: 'upstream_document', uri: record.key } })

/** Where the events of a knowledge base go: the first lane of its stream. */
export interface StreamLane {
  readonly jobId: string
  readonly lane: number
}

/** The streams that have lanes, by knowledge base. One that is held keeps its events in its lane; a cancelled one has none. */
export const streamLanes = (controls: Iterable<LaneControl>): ReadonlyMap<string, StreamLane> => {
  const lanes = new Map<string, StreamLane>()
  for (const { lane, job, cancelled } of controls)
    if (job?.kind === 'stream' && !cancelled && job.lanes[0] === lane) lanes.set(job.kb_id, { jobId: job.job_id, lane })
  return lanes
}

/** What becomes of the records of a slice, in their order. */
export interface Routed {
  readonly sends: readonly { readonly topic: string; readonly lane: number; readonly record: OutgoingRecord }[]
  readonly parks: readonly ParkedRecord[]
  /** The code of each dead letter among the sends. */
  readonly codes: readonly string[]
  /** How many records from the first on are dealt with. */
  readonly taken: number
  /** The knowledge base that has no room for the record after these. */
  readonly full: string | null
}

export interface RoutingOptions {
  readonly codec: Pick<Codec, 'encode'>
  readonly partition: number
  /** Lanes of `dead.letters`. */
  readonly lanes: number
  readonly streams: ReadonlyMap<string, StreamLane>
  /** Knowledge bases of which records wait: what comes later goes behind them. */
  readonly parked: ReadonlySet<string>
  readonly rooms: ReadonlyMap<string, Room>
  readonly trace: Pick<SliceTrace, 'headers' | 'rejected'>
}

/** Pure: the lane of its stream for each event, the parking where there is none, the dead letters for what no one can take. */
export const route = (arrived: readonly Arrived[], options: RoutingOptions): Routed => {
  const { codec, streams, parked, rooms, partition, lanes, trace } = options
  const sends: Routed['sends'][number][] = []
  const parks: ParkedRecord[] = []
  const codes: string[] = []
  const left = new Map([...rooms].map(([kb, room]) => [kb, { ...room }]))
  for (const [i, { record, read }] of arrived.entries()) {
    const input = inputOf(record)
    const headers = { ...trace.headers(input, null), [originHeader]: originOf(record, partition) }
    const letter = (refused: Refused) => {
      trace.rejected(input, null, refused.refused)
      const one = letterOf({ ...record, headers }, refused, partition, codec)
      sends.push({ topic: deadLetters.name, lane: partition % lanes, record: one })
      codes.push(refused.refused.code)
    }
    if ('refused' in read) {
      letter(read)
      continue
    }
    const { kbId, event } = read
    const stream = parked.has(kbId) ? undefined : streams.get(kbId)
    const room = left.get(kbId)
    if (stream)
      sends.push({
        topic: loadRequests.name,
        lane: stream.lane,
        record: { key: event.uri, value: codec.encode(loadRequests, { ...event, job_id: stream.jobId }), headers },
      })
    else if (!room) letter(unknownKb(kbId))
    else if (room.records < 1 || room.bytes < sizeOf(record)) return { sends, parks, codes, taken: i, full: kbId }
    else {
      room.records -= 1
      room.bytes -= sizeOf(record)
      parks.push({ kbId, record: { ...record, headers: { ...record.headers, ...headers } } })
    }
  }
  return { sends, parks, codes, taken: arrived.length, full: null }
}

const originOf = ({ offset }: BrokerRecord, partition: number) => `${upstreamDocuments.name}/${partition}/${offset}`

const unknownKb = (kbId: string): Refused => ({
  kbId,
  refused: {
    code: 'unknown_kb',
    message: `There is no knowledge base '${kbId}': make it (penstock ingest --type events --kb ${kbId}), then publish the document again.`,
  },
})

const payloadLimit = 64 * 1024
/** As long as a uri may be. */
const longestKey = 4096

const letterOf = (
  { key: given, value, offset, headers }: BrokerRecord,
  { kbId, refused }: Refused,
  partition: number,
  codec: Pick<Codec, 'encode'>,
): OutgoingRecord => {
  const key = given.slice(0, longestKey)
  const letter = codec.encode(deadLetters, {
    type: 'dead_letter',
    job_id: intakeLetters,
    kb_id: kbId ?? '',
    stage: intake,
    topic: upstreamDocuments.name,
    lane: partition,
    offset,
    code: refused.code,
    message: refused.message,
    attempts: 1,
    uri: key === '' ? null : key,
    document_id: kbId === null || key === '' ? null : documentId(kbId, eventsSource, key),
    source: eventsSource,
    trace_id: traceOfParent(headers.traceparent),
    payload: value.subarray(0, payloadLimit),
  })
  return { key, value: letter, headers }
}
