import { type Infer, optional, type RecordSchema, tag } from './avro.ts'

/** "Take the next bite of this source." A run has exactly one of these in flight, in its first lane. */
export const loadRequest = {
  type: 'record',
  name: 'LoadRequest',
  namespace: 'penstock',
  doc: 'Asks LOADING for the next bite of a source.',
  fields: [
    tag('load_request'),
    { name: 'job_id', type: 'string' },
    { name: 'seq', type: 'long', doc: 'Number of this bite in the run, from 0.' },
    { name: 'source_index', type: 'int', doc: 'Which of the sources of the job.' },
    optional('cursor', 'string', 'Where the source goes on; null at its start. Only the source reads it.'),
    { name: 'documents_before', type: 'long', doc: 'Documents that earlier bites of this run emitted.' },
  ],
} as const satisfies RecordSchema

export type LoadRequest = Infer<typeof loadRequest>
