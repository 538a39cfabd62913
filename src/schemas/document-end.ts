import { type Infer, type RecordSchema, tag } from './avro.ts'

/**
 * The record after the last chunk of a document, or of one part of it: says how many chunks there were, so that
 * INDEXING makes the version visible only when all of them are stored.
 */
export const documentEnd = {
  type: 'record',
  name: 'DocumentEnd',
  namespace: 'penstock',
  doc: 'Follows the last chunk of a document, or of one part of it.',
  fields: [
    tag('document_end'),
    { name: 'job_id', type: 'string' },
    { name: 'document_id', type: 'string' },
    { name: 'source', type: 'string' },
    { name: 'uri', type: 'string' },
    { name: 'version', type: 'long' },
    { name: 'title', type: 'string' },
    { name: 'media_type', type: 'string' },
    { name: 'content_hash', type: 'string' },
    { name: 'metadata', type: { type: 'map', values: 'string' } },
    { name: 'part', type: 'int' },
    { name: 'parts', type: 'int', doc: 'The document is complete when the ends of all its parts are stored.' },
    { name: 'chunks', type: 'int', doc: 'Chunks of this part.' },
    { name: 'deleted', type: 'boolean' },
  ],
} as const satisfies RecordSchema

export type DocumentEnd = Infer<typeof documentEnd>
