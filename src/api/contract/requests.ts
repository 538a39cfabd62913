/**
 * What may be asked of the API. Requests are strict: a field that does not exist is named, never ignored. Shared by the
 * server, the client, the CLI and /openapi.json.
 */
import { z } from 'zod'
import type { CommandRequest } from '../../coordinator/jobs.ts'
import { requestedSource } from './refresh.ts'

const kbIdPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** A knowledge base's name, chosen by the user. */
export const kbId = z
  .string()
  .regex(
    kbIdPattern,
    "must be 1 to 64 lower-case letters, digits, '-' or '_', beginning with a letter or a digit (for example: handbook-2026)",
  )

export const jobId = z.string().min(1).max(128)

/** Tokens of overlap where none are asked for: an eighth of the chunk, so 64 of the default 512. */
const defaultOverlap = (chunkSize: number): number => Math.floor(chunkSize / 8)

interface Sizes {
  readonly chunk_size: number
  readonly chunk_overlap?: number | undefined
}

const overlapFits = z.refine<Sizes>(({ chunk_size, chunk_overlap = 0 }) => chunk_overlap < chunk_size, {
  path: ['chunk_overlap'],
  error: issue => `must be smaller than chunk_size (${(issue.input as Sizes).chunk_size})`,
  when: ({ value }) => {
    const sizes = value as Partial<Record<keyof Sizes, unknown>> | null
    return typeof sizes?.chunk_size === 'number' && typeof sizes.chunk_overlap === 'number'
  },
})

const strategy = z.enum(['markdown', 'recursive', 'fixed'])
const chunkSize = z.int().min(16).max(8192)
const chunkOverlap = z.int().min(0)

/** How documents are cut; sizes in tokens. */
export const chunking = z
  .strictObject({
    strategy: strategy.default('markdown'),
    chunk_size: chunkSize.default(512).describe('Tokens.'),
    chunk_overlap: chunkOverlap.optional().describe('Tokens; an eighth of chunk_size unless stated.'),
  })
  .check(overlapFits)
  .transform(value => ({ ...value, chunk_overlap: value.chunk_overlap ?? defaultOverlap(value.chunk_size) }))

/** What changes of a knowledge base; what is not stated stays. Its embedding cannot: vectors of two models do not mix. */
export const knowledgeBaseChange = z.strictObject({
  chunking: z
    .strictObject({
      strategy: strategy.optional(),
      chunk_size: chunkSize.optional().describe('Tokens.'),
      chunk_overlap: chunkOverlap.optional().describe('Tokens; must be smaller than chunk_size.'),
    })
    .refine(change => Object.values(change).some(value => value !== undefined), { error: 'must name what changes' }),
})

const dimensions = z.int().min(8).max(4000)

/** Which model makes the vectors. A knowledge base keeps the one it began with. */
export const embedding = z.discriminatedUnion('provider', [
  z.strictObject({
    provider: z.literal('hashing'),
    model: z.literal('hashing-v1').default('hashing-v1'),
    dimensions: dimensions.default(384),
  }),
  z.strictObject({ provider: z.literal('openai'), model: z.string().min(1).max(200), dimensions }),
])

/** What a new knowledge base gets when the request does not say. */
export const defaultSettings = Object.freeze({
  chunking: Object.freeze(chunking.parse({})),
  embedding: Object.freeze(embedding.parse({ provider: 'hashing' })),
})

const work = {
  sources: z
    .array(requestedSource)
    .min(1, 'needs at least one source')
    .max(32, 'takes at most 32 sources')
    .refine(sources => sources.length < 2 || !sources.some(({ type }) => type === 'events'), {
      error: 'events cannot stand beside another source: they make a stream, a job of its own',
    }),
  chunking: chunking.optional().describe("The knowledge base's own unless stated; for a new one: markdown, 512, 64."),
  embedding: embedding.optional().describe("The knowledge base's own unless stated; for a new one: hashing-v1, 384."),
  parallelism: z.int().min(1).max(1024).optional().describe('Lanes the job gets; no more than the line has.'),
  priority: z.int().min(-100).max(100).default(0).describe('The larger goes first among those that wait.'),
  delete_guard: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe('Per cent of the documents of a source that may go at once because it has them no more; 20 unless set.'),
}

export const startRequest = z.strictObject(work)
export const ingestRequest = z.strictObject({ kb_id: kbId, ...work })

export const phase = z.enum([
  'LOADING',
  'CHUNKING',
  'EMBEDDING',
  'INDEXING',
  'TABULATING',
  'FINISHING',
]) satisfies z.ZodType<PhaseName>
type PhaseName = NonNullable<CommandRequest['phase']>

/** What may be asked of a job beside its start. */
const which = { job_id: jobId.optional().describe('One job of it; its newest run unless stated.') }
export const phaseRequest = z.strictObject({
  ...which,
  phase: phase.optional().describe('One phase; the whole job unless stated.'),
})
export const cancelRequest = z.strictObject(which)

export const searchRequest = z.strictObject({
  kb_id: kbId,
  query: z.string().trim().min(1, 'must not be empty').max(8000),
  top_k: z.int().min(1).max(100).default(10),
  mode: z.enum(['hybrid', 'vector', 'text']).default('hybrid'),
  filters: z
    .strictObject({
      source: z.string().min(1).optional(),
      uri_prefix: z.string().min(1).optional(),
      document_id: z.string().min(1).optional(),
    })
    .default({}),
})

export const byJob = z.strictObject({ job_id: jobId })
export const byKb = z.strictObject({ kb_id: kbId })
export const jobState = z.enum(['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'])
export const limit = (usual: number, most: number) =>
  z.coerce.number<string | number>().int().min(1).max(most).default(usual)
export const jobKind = z.enum(['run', 'replay', 'stream'])
export const jobsQuery = z.strictObject({
  kb_id: kbId.optional(),
  status: jobState.optional(),
  kind: jobKind.optional(),
  limit: limit(50, 500),
  after: jobId.optional().describe('`next` of the page before.'),
})
export const knowledgeBasesQuery = z.strictObject({
  limit: limit(50, 500),
  after: kbId.optional().describe('`next` of the page before.'),
})
export const documentsQuery = z.strictObject({
  limit: limit(50, 500),
  after: z.string().min(1).max(4096).optional().describe('`next` of the page before.'),
})

/** As a caller writes them: what has a default may be left out. */
export type IngestBody = z.input<typeof ingestRequest>
export type SearchBody = z.input<typeof searchRequest>
/** As the server works with them. */
export type StartRequest = z.output<typeof startRequest>
export type SearchRequest = z.output<typeof searchRequest>
