import { type Infer, optional, type RecordSchema, tag } from './avro.ts'

/** An input that can never succeed, with its cause; the job goes on without it. */
export const deadLetter = {
  type: 'record',
  name: 'DeadLetter',
  namespace: 'penstock',
  doc: 'An input that can never succeed, with its cause.',
  fields: [
    tag('dead_letter'),
    { name: 'job_id', type: 'string' },
    { name: 'kb_id', type: 'string' },
    { name: 'stage', type: 'string' },
    { name: 'topic', type: 'string' },
    { name: 'lane', type: 'int' },
    { name: 'offset', type: 'long' },
    { name: 'code', type: 'string' },
    { name: 'message', type: 'string' },
    { name: 'attempts', type: 'int' },
    optional('uri', 'string', 'The document it is about, where the record names it.'),
    optional('document_id', 'string', 'Where the record names it.'),
    optional('source', 'string', 'Identity of its source inside the kb, where the record names it.'),
    optional('trace_id', 'string', 'Of the document in this job, 32 hex digits; null for what is about no document.'),
    optional('payload', 'bytes', 'The input as it was read, cut at 64 KiB.'),
  ],
} as const satisfies RecordSchema

export type DeadLetter = Infer<typeof deadLetter>
