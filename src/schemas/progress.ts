import { type Infer, optional, type RecordSchema, tag } from './avro.ts'

/**
 * What one slice did, written by the runtime in the slice's own transaction. The coordinator applies it by
 * compare-and-set on [first, next), so a repeated one changes nothing. Counts come from inputs, never from rows.
 */
export const progress = {
  type: 'record',
  name: 'Progress',
  namespace: 'penstock',
  doc: 'What one slice did: range, counts and end marks.',
  fields: [
    tag('progress'),
    { name: 'job_id', type: 'string' },
    { name: 'attempt', type: 'int' },
    { name: 'stage', type: 'string' },
    { name: 'lane', type: 'int' },
    { name: 'first', type: 'long', doc: 'First offset of the slice.' },
    { name: 'next', type: 'long', doc: 'The offset after its last record.' },
    { name: 'inputs', type: 'long', doc: 'Records taken in, end marks not counted.' },
    { name: 'items', type: 'long', doc: 'Of these, what the stage counts as work: documents or chunks.' },
    { name: 'outputs', type: 'long', doc: 'Items handed to the next stage, those to branches of the line left out.' },
    { name: 'rejects', type: 'long' },
    { name: 'bytes', type: 'long', doc: 'Bytes of the inputs.' },
    { name: 'ms', type: 'long', doc: 'From taking the slice to committing it.' },
    { name: 'end_marks', type: 'int' },
    optional('total', 'long', 'Items the source expects in all, where it can know.'),
    optional('message', 'string', 'A sentence for the status page.'),
    {
      name: 'branch_outputs',
      type: { type: 'map', values: 'long' },
      default: {},
      doc: 'Topic of a branch to the items handed to it.',
    },
    {
      name: 'row_documents',
      type: 'long',
      default: 0,
      doc: 'Documents that were found and are no items: those of rows, which are items themselves.',
    },
  ],
} as const satisfies RecordSchema

export type Progress = Infer<typeof progress>

/** A phase that cannot go on: the offset stays, and the coordinator holds the job. */
export const phaseFailure = {
  type: 'record',
  name: 'PhaseFailure',
  namespace: 'penstock',
  doc: 'A phase that cannot go on; the failing record stays where it is.',
  fields: [
    tag('phase_failure'),
    { name: 'job_id', type: 'string' },
    { name: 'attempt', type: 'int' },
    { name: 'stage', type: 'string' },
    { name: 'lane', type: 'int' },
    { name: 'offset', type: 'long', doc: 'The first record that was not done.' },
    { name: 'code', type: 'string' },
    { name: 'message', type: 'string' },
  ],
} as const satisfies RecordSchema

export type PhaseFailure = Infer<typeof phaseFailure>

/**
 * "Nothing of this job is in flight here": written under the lane's own transactional id after the last slice has
 * ended, so that whoever no longer owns the lane cannot write it.
 */
export const acknowledgement = {
  type: 'record',
  name: 'Acknowledgement',
  namespace: 'penstock',
  doc: 'A lane of a stage is held: nothing of the job is in flight there.',
  fields: [
    tag('acknowledgement'),
    { name: 'job_id', type: 'string' },
    { name: 'attempt', type: 'int' },
    { name: 'stage', type: 'string' },
    { name: 'lane', type: 'int' },
    { name: 'revision', type: 'long', doc: 'Of the job, as the control record had it that asked for the hold.' },
    optional('worker', 'string', 'Who says so; null when the coordinator found no worker and fenced the lane itself.'),
  ],
} as const satisfies RecordSchema

export type Acknowledgement = Infer<typeof acknowledgement>

/** Work that cannot go on for now and will be tried again by itself; the next progress of the lane ends it. */
export const waiting = {
  type: 'record',
  name: 'Waiting',
  namespace: 'penstock',
  doc: 'A lane of a stage waits: for a provider, for a store, for its next attempt.',
  fields: [
    tag('waiting'),
    { name: 'job_id', type: 'string' },
    { name: 'attempt', type: 'int' },
    { name: 'stage', type: 'string' },
    { name: 'lane', type: 'int' },
    { name: 'offset', type: 'long', doc: 'The first record that was not done.' },
    { name: 'code', type: 'string' },
    { name: 'message', type: 'string' },
    { name: 'retry_ms', type: 'long', doc: 'Milliseconds from this record to the next attempt.' },
  ],
} as const satisfies RecordSchema

export type Waiting = Infer<typeof waiting>
