import { type Infer, type RecordSchema, tag } from './avro.ts'
import { chunkFields } from './chunk.ts'

/** A chunk with its embedding. */
export const vector = {
  type: 'record',
  name: 'Vector',
  namespace: 'penstock',
  doc: 'A chunk with its embedding.',
  fields: [
    tag('vector'),
    ...chunkFields,
    { name: 'model', type: 'string' },
    { name: 'embedding', type: 'bytes', doc: 'float32, little endian; empty for a chunk that was rejected (a stub).' },
  ],
} as const satisfies RecordSchema

export type Vector = Infer<typeof vector>
