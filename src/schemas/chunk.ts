import { type Infer, type RecordSchema, tag } from './avro.ts'

/** What every record about a piece of a document carries from CHUNKING to INDEXING. */
export const chunkFields = [
  { name: 'job_id', type: 'string' },
  { name: 'document_id', type: 'string' },
  { name: 'version', type: 'long' },
  {
    name: 'chunk_id',
    type: 'string',
    doc: 'hash(document_id, part if several, text hash, occurrence), 32 hex digits.',
  },
  { name: 'position', type: 'long', doc: 'Order inside the document: part times 2^20 plus index in the part.' },
  { name: 'offset', type: 'long', doc: 'Where the text starts in the document, in UTF-16 code units.' },
  { name: 'heading_path', type: { type: 'array', items: 'string' } },
  { name: 'text', type: 'string' },
  { name: 'tokens', type: 'int' },
] as const

/** A piece of a document, small enough for a model. */
export const chunk = {
  type: 'record',
  name: 'Chunk',
  namespace: 'penstock',
  doc: 'A piece of a document, small enough for a model.',
  fields: [tag('chunk'), ...chunkFields],
} as const satisfies RecordSchema

export type Chunk = Infer<typeof chunk>
