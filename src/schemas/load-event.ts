import { type Infer, optional, type RecordSchema, tag } from './avro.ts'

/** "Load this document, or that it is gone." What INTAKE makes of a record of `upstream.documents`, in a stream's lane. */
export const loadEvent = {
  type: 'record',
  name: 'LoadEvent',
  namespace: 'penstock',
  doc: 'One document of an upstream system for the stream that owns the lane; its place there orders its versions.',
  fields: [
    tag('load_event'),
    { name: 'job_id', type: 'string' },
    { name: 'uri', type: 'string' },
    { name: 'title', type: 'string', doc: 'Empty where upstream gives none.' },
    { name: 'media_type', type: 'string' },
    { name: 'text', type: 'string', doc: 'Empty where deleted.' },
    { name: 'metadata', type: { type: 'map', values: 'string' } },
    optional('language', 'string', 'BCP 47 tag.'),
    { name: 'deleted', type: 'boolean' },
    { name: 'upstream_partition', type: 'int', doc: 'Where the record was in upstream.documents.' },
    { name: 'upstream_offset', type: 'long' },
    optional('traceparent', 'string', 'W3C trace context that upstream sent along.'),
  ],
} as const satisfies RecordSchema

export type LoadEvent = Infer<typeof loadEvent>
