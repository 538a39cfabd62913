/** How what a search found came about. */
import { z } from 'zod'
import { kbId } from './requests.ts'
import { route } from './route.ts'

const count = z.int().min(0)

export const explanation = z.object({
  kb_id: kbId,
  document_id: z.string(),
  chunk_id: z.string().nullable().describe('null where a document was asked for.'),
  source: z.string(),
  uri: z.string(),
  title: z.string(),
  offset: count.nullable().describe('Where the chunk starts in its document, in UTF-16 code units.'),
  version: z.int(),
  stored_at: z.iso.datetime(),
  job_id: z.string().nullable().describe('The job that stored it; null for what was stored before this was kept.'),
  trace_id: z.string().nullable().describe('Of its way through the line; null where that was not traced.'),
  trace_url: z.string().nullable().describe('Where to see the trace, if PENSTOCK_JAEGER_URL is set.'),
  origin: z
    .object({ topic: z.string(), partition: z.int(), offset: count })
    .nullable()
    .describe('The record it began with: an event of upstream.documents, or the request for a bite of its source.'),
  made_by: z
    .object({
      code: z.string().describe('Version of Penstock.'),
      chunker_revision: z.int(),
      chunking: z.object({ strategy: z.string(), chunk_size: count, chunk_overlap: count }),
      embedding: z.object({ provider: z.string(), model: z.string(), dimensions: z.int() }),
      schemas: z
        .record(z.string(), z.string())
        .describe('Record type to the first 16 hex digits of the SHA-256 of its Avro schema.'),
    })
    .nullable(),
})
export type ExplanationBody = z.output<typeof explanation>

export const byHit = z.object({ kb_id: kbId, id: z.string().min(1).max(128) })

export const explainRoutes = {
  explain: route({
    method: 'GET',
    path: '/api/knowledge-bases/{kb_id}/explain/{id}',
    tag: 'search',
    summary: 'How a hit came about: its trace, job and source record, and the versions that made it',
    params: byHit,
    answer: explanation,
    statuses: { 200: 'Of the chunk or the document with this id.' },
    errors: { 404: 'There is no such chunk or document in this knowledge base.' },
  }),
} as const
