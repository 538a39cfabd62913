import { type Infer, optional, type RecordSchema, tag } from './avro.ts'

/** A document, or one part of a large one, as a source yielded it. */
export const document = {
  type: 'record',
  name: 'Document',
  namespace: 'penstock',
  doc: 'A document, or one part of a large one, as a source yielded it.',
  fields: [
    tag('document'),
    { name: 'job_id', type: 'string' },
    { name: 'document_id', type: 'string', doc: 'hash(kb, source, uri), 32 hex digits.' },
    { name: 'source', type: 'string', doc: 'Identity of the source inside the kb.' },
    { name: 'uri', type: 'string' },
    { name: 'version', type: 'long', doc: 'Run number of the kb times 2^32 plus ordinal in the run; larger wins.' },
    { name: 'title', type: 'string' },
    { name: 'media_type', type: 'string' },
    { name: 'content_hash', type: 'string', doc: 'SHA-256 of the whole content, 64 hex digits.' },
    { name: 'metadata', type: { type: 'map', values: 'string' } },
    { name: 'part', type: 'int', doc: 'Number of this part, from 0.' },
    { name: 'parts', type: 'int', doc: 'How many parts the document has; 0 for a deleted or empty one.' },
    { name: 'offset', type: 'long', doc: 'Where this part starts in the document, in UTF-16 code units.' },
    {
      name: 'heading_path',
      type: { type: 'array', items: 'string' },
      doc: "Headings in force where this part starts, one a level, '' where a level is skipped.",
    },
    { name: 'text', type: 'string' },
    { name: 'deleted', type: 'boolean' },
    optional('language', 'string', 'BCP 47 tag, where the source knows it.'),
  ],
} as const satisfies RecordSchema

export type Document = Infer<typeof document>
