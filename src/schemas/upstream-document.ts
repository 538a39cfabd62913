import { type Infer, optional, type RecordSchema, tag } from './avro.ts'

/**
 * What an upstream system says of a document: how it is now, or that it is gone. docs/SOURCES-EVENTS.md is the contract;
 * the same fields may come as JSON.
 */
export const upstreamDocument = {
  type: 'record',
  name: 'UpstreamDocument',
  namespace: 'penstock',
  doc: 'A document of an upstream system, whole, as it is now; or that it is gone. The record key is its uri.',
  fields: [
    tag('upstream_document'),
    { name: 'kb_id', type: 'string', doc: 'The knowledge base it belongs to; it must exist.' },
    { name: 'uri', type: 'string', doc: 'Names the document for ever; the same as the record key.' },
    optional('title', 'string', 'The first heading, or the end of the uri, unless given.'),
    {
      name: 'media_type',
      type: 'string',
      default: 'text/plain',
      doc: 'text/markdown is cut by its headings, text/html by its blocks, anything else as plain text.',
    },
    optional('text', 'string', 'All of it; null where deleted.'),
    { name: 'metadata', type: { type: 'map', values: 'string' }, default: {} },
    optional('language', 'string', 'BCP 47 tag.'),
    { name: 'deleted', type: 'boolean', default: false, doc: 'The document is gone.' },
    optional('occurred_at', 'string', 'When it became so upstream, ISO 8601 with a time zone.'),
  ],
} as const satisfies RecordSchema

export type UpstreamDocument = Infer<typeof upstreamDocument>
