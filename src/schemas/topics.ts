import type { Infer, RecordSchema } from './avro.ts'
import { chunk } from './chunk.ts'
import { deadLetter } from './dead-letter.ts'
import { document } from './document.ts'
import { documentEnd } from './document-end.ts'
import { endMark } from './end-mark.ts'
import { finishRequest } from './finish-request.ts'
import { jobCommand, jobEvent } from './job-command.ts'
import { laneControl } from './lane-control.ts'
import { loadEvent } from './load-event.ts'
import { loadRequest } from './load-request.ts'
import type { Branch } from './names.ts'
import { acknowledgement, phaseFailure, progress, waiting } from './progress.ts'
import { rows } from './rows.ts'
import { tableEnd } from './table-end.ts'
import { upstreamDocument } from './upstream-document.ts'
import { vector } from './vector.ts'

/** A topic and what may travel in it. Who writes and who reads is checked against the stages in `pipeline.ts`. */
export interface Topic<R extends readonly RecordSchema[] = readonly RecordSchema[]> {
  readonly name: string
  /** The record types it carries, told apart by their `type` field. */
  readonly records: R
  /** How many items of work a record is in progress reports: a document, a chunk, the rows in it; others pass by as 0. */
  counts(record: AnyRecord): number
  /** The branch of the line that it is of; a job without that branch has nothing in it. */
  readonly branch?: Branch
  /** What the record key is. */
  readonly key: string
  readonly writers: readonly string[]
  readonly readers: readonly string[]
  /** `lanes`: one partition a lane; `upstream`: as many as set; `compact`: one, last value a key; `single`: one. */
  readonly kind: 'lanes' | 'upstream' | 'compact' | 'single'
  /** Milliseconds, or -1 for as long as the job needs it. */
  readonly retentionMs: number
}

/** A record of which nothing is known but that it has a type. */
export interface AnyRecord {
  readonly type: string
  readonly [field: string]: unknown
}

/** Any record of a topic. */
export type RecordOf<T> =
  T extends Topic<infer R> ? (readonly RecordSchema[] extends R ? AnyRecord : Infer<R[number]>) : never

const topic = <const R extends readonly RecordSchema[]>(
  declared: Omit<Topic, 'records' | 'counts'> & { readonly records: R },
  counts: (record: Infer<R[number]>) => number = () => 0,
): Topic<R> => Object.freeze({ ...declared, counts: counts as unknown as Topic['counts'] })

const lanes = { kind: 'lanes', retentionMs: -1 } as const
const days = (n: number) => n * 24 * 3600 * 1000

/** What upstream systems publish; they may compress it as they like, the broker keeps it as zstd. */
export const upstreamDocuments = topic({
  name: 'upstream.documents',
  records: [upstreamDocument],
  key: 'uri',
  writers: ['upstream'],
  readers: ['intake'],
  kind: 'upstream',
  retentionMs: days(30),
})
export const loadRequests = topic(
  {
    name: 'load.requests',
    records: [loadRequest, loadEvent, endMark],
    key: 'job, or the uri of an event',
    writers: ['coordinator', 'intake', 'loading'],
    readers: ['loading'],
    ...lanes,
  },
  record => (record.type === 'load_event' ? 1 : 0),
)
export const documents = topic(
  {
    name: 'documents',
    records: [document, endMark],
    key: 'document',
    writers: ['loading'],
    readers: ['chunking'],
    ...lanes,
  },
  record => Number(record.type === 'document' && record.part >= record.parts - 1),
)
export const chunks = topic(
  {
    name: 'chunks',
    records: [chunk, documentEnd, endMark],
    key: 'document',
    writers: ['chunking'],
    readers: ['embedding'],
    ...lanes,
  },
  record => Number(record.type === 'chunk'),
)
export const vectors = topic(
  {
    name: 'vectors',
    records: [vector, documentEnd, endMark],
    key: 'document',
    writers: ['embedding'],
    readers: ['indexing'],
    ...lanes,
  },
  record => Number(record.type === 'vector'),
)
export const rowsTopic = topic(
  {
    name: 'rows',
    records: [rows, tableEnd, endMark],
    key: 'table',
    writers: ['loading'],
    readers: ['tabulating'],
    branch: 'TABULATING',
    ...lanes,
  },
  record => (record.type === 'rows' ? record.rows.length : 0),
)
export const finish = topic(
  {
    name: 'finish',
    records: [finishRequest, endMark],
    key: 'job',
    writers: ['coordinator'],
    readers: ['finishing'],
    ...lanes,
  },
  record => Number(record.type === 'finish_request'),
)
export const progressTopic = topic({
  name: 'progress',
  records: [progress, phaseFailure, acknowledgement, waiting],
  key: 'job',
  writers: ['loading', 'chunking', 'embedding', 'indexing', 'tabulating', 'finishing'],
  readers: ['coordinator'],
  ...lanes,
})
export const deadLetters = topic({
  name: 'dead.letters',
  records: [deadLetter],
  key: 'document',
  writers: ['intake', 'loading', 'chunking', 'embedding', 'indexing', 'tabulating', 'finishing'],
  readers: ['coordinator'],
  kind: 'lanes',
  retentionMs: days(90),
})
export const control = topic({
  name: 'control',
  records: [laneControl],
  key: 'lane',
  writers: ['coordinator'],
  readers: ['intake', 'loading', 'chunking', 'embedding', 'indexing', 'tabulating', 'finishing'],
  kind: 'compact',
  retentionMs: -1,
})

export const jobCommands = topic({
  name: 'job.commands',
  records: [jobCommand],
  key: 'knowledge base',
  writers: ['upstream'],
  readers: ['coordinator'],
  kind: 'single',
  retentionMs: days(7),
})
export const jobEvents = topic({
  name: 'job.events',
  records: [jobEvent],
  key: 'knowledge base',
  writers: ['coordinator'],
  readers: ['upstream'],
  kind: 'single',
  retentionMs: days(7),
})

/** THE MAP: every topic of the line. */
export const topics = [
  upstreamDocuments,
  loadRequests,
  documents,
  chunks,
  vectors,
  rowsTopic,
  finish,
  progressTopic,
  deadLetters,
  control,
  jobCommands,
  jobEvents,
] as const satisfies readonly Topic[]
