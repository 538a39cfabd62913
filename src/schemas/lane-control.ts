import { type Infer, optional, type RecordSchema, tag } from './avro.ts'

const job = {
  type: 'record',
  name: 'LaneJob',
  doc: 'The job that owns the lane, with all that a stage needs to know of it.',
  fields: [
    { name: 'job_id', type: 'string' },
    { name: 'kb_id', type: 'string' },
    {
      name: 'kind',
      type: { type: 'enum', name: 'job_kind', symbols: ['run', 'replay', 'stream'], default: 'run' },
      default: 'run',
      doc: 'A run reads its sources; a replay reads single documents of them again, those of dead letters; a stream is sent events.',
    },
    { name: 'run', type: 'long', doc: 'Run number of the kb; the high part of every version this job writes.' },
    { name: 'attempt', type: 'int' },
    {
      name: 'revision',
      type: 'long',
      default: 0,
      doc: "Of the job's desired state: grows with every change of its attempt, its holds and its cancel.",
    },
    { name: 'priority', type: 'int', default: 0, doc: 'Larger gets more turns of a process that works several jobs.' },
    {
      name: 'lanes',
      type: { type: 'array', items: 'int' },
      doc: 'All lanes of the job; the first has its load requests.',
    },
    {
      name: 'sources',
      type: { type: 'array', items: 'string' },
      doc: 'Each source as JSON, as admission validated it, with references instead of secrets.',
    },
    {
      name: 'chunking',
      type: {
        type: 'record',
        name: 'Chunking',
        fields: [
          {
            name: 'strategy',
            type: { type: 'enum', name: 'chunking_strategy', symbols: ['markdown', 'recursive', 'fixed'] },
          },
          { name: 'chunk_size', type: 'int', doc: 'Tokens.' },
          { name: 'chunk_overlap', type: 'int', doc: 'Tokens.' },
        ],
      },
    },
    {
      name: 'embedding',
      type: {
        type: 'record',
        name: 'Embedding',
        fields: [
          { name: 'provider', type: { type: 'enum', name: 'embedding_provider', symbols: ['hashing', 'openai'] } },
          { name: 'model', type: 'string' },
          { name: 'dimensions', type: 'int' },
        ],
      },
    },
    {
      name: 'branches',
      type: { type: 'array', items: 'string' },
      default: [],
      doc: 'The phases it has beside those of every job; topics of other branches get nothing of it, not even end marks.',
    },
    optional('documents_per_second', 'double', 'The most that LOADING reads; null where it is not bounded.'),
    optional('delete_guard', 'int', 'Per cent of a source that its sweep may remove; null for what is set.'),
    optional('traceparent', 'string', 'W3C trace context of the request that asked for the job.'),
    optional('replay_of', 'string', 'Of a replay: the job whose dead letters it loads again.'),
  ],
} as const satisfies RecordSchema

/** What the coordinator wants of a lane. Compacted, keyed by lane, never a tombstone; lower revisions are ignored. */
export const laneControl = {
  type: 'record',
  name: 'LaneControl',
  namespace: 'penstock',
  doc: 'Whose a lane is, where its records start in each topic, and which stages are held.',
  fields: [
    tag('lane_control'),
    { name: 'lane', type: 'int' },
    { name: 'revision', type: 'long' },
    optional('job', job, 'null when the lane is free.'),
    {
      name: 'starts',
      type: { type: 'map', values: 'long' },
      doc: 'Topic to the first offset of this job in the lane.',
    },
    { name: 'held', type: { type: 'array', items: 'string' }, doc: 'Names of the stages that are held.' },
    {
      name: 'cancelled',
      type: 'boolean',
      default: false,
      doc: 'The job is over: a slice in hand is aborted at once. All its stages are held as well.',
    },
  ],
} as const satisfies RecordSchema

export type LaneControl = Infer<typeof laneControl>
/** A lane's job as the stages see it. */
export type LaneJob = NonNullable<LaneControl['job']>
