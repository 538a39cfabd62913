/** Dead letters: what may be asked of them, and what is answered. Shared by the server, the client and the CLI. */
import { z } from 'zod'
import type { DeadLetter, DeadLetterGroup, Selection } from '../../coordinator/dead-letters.ts'
import { accepted } from './answers.ts'
import { jobId, kbId, limit } from './requests.ts'

export { intakeLetters } from '../../coordinator/dead-letters.ts'

const count = z.int().min(0)
const named = z.string().min(1).max(256)
const state = z.enum(['open', 'replayed', 'discarded'])

export const causesQuery = z.strictObject({ limit: limit(100, 1000).describe('Most causes to return.') })

export const lettersQuery = z.strictObject({
  stage: named.optional(),
  code: named.optional(),
  document_id: named.optional(),
  uri: z.string().min(1).max(8192).optional(),
  state: state
    .optional()
    .describe('open: waits for somebody; replayed: a replay took it up; discarded: given up. All unless stated.'),
  limit: limit(50, 500),
  after: z
    .string()
    .regex(/^\d{1,9}-\d{1,15}$/, 'must be `next` of the page before')
    .optional()
    .describe('`next` of the page before.'),
})

const many = (what: z.ZodString) => z.array(what).min(1).max(1000)

export const selection = z
  .strictObject({
    stage: named.optional(),
    code: named.optional(),
    document_ids: many(named).optional(),
    uris: many(z.string().min(1).max(8192)).optional(),
  })
  .describe('Open dead letters that meet all of it; what is left out selects all.') satisfies z.ZodType<Selection>

const content = {
  title: z.string().max(1024).default('').describe('Its first heading, or the end of its uri, unless stated.'),
  media_type: z
    .string()
    .regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'must be a media type, such as text/markdown')
    .default('text/markdown'),
  metadata: z.record(z.string().max(128), z.string().max(1024)).default({}),
  text: z.string().refine(text => text.trim() !== '', { error: 'must have something to index' }),
}

export const edits = z
  .array(z.strictObject({ document_id: named, ...content }))
  .max(100, 'takes at most 100 edits')
  .refine(all => new Set(all.map(one => one.document_id)).size === all.length, {
    error: 'must not have two edits of one document',
  })
  .default([])
  .describe('The content to load for documents of the selection, in place of what their source has.')

const chosen = { select: selection.default({}), edits }

export const replayRequest = z.strictObject({
  ...chosen,
  documents_per_second: z.number().min(0.1).max(1000).default(20).describe('The most that LOADING reads.'),
  parallelism: z.int().min(1).max(1024).optional().describe('Lanes the job gets; no more than the line has.'),
  priority: z.int().min(-100).max(100).default(0).describe('The larger goes first among those that wait.'),
})

export const dryRunRequest = z.strictObject({
  ...chosen,
  limit: z.int().min(0).max(200).default(20).describe('Documents to examine, the first of the list.'),
  content: z.boolean().default(false).describe('Whether to answer with what would be loaded.'),
})

export const discardRequest = z.strictObject({ select: selection })

const group = z.object({
  stage: z.string(),
  code: z.string(),
  count: count.describe('All of them, whatever became of them.'),
  open: count.describe('Those that wait to be replayed or discarded.'),
  examples: z.array(z.object({ uri: z.string().nullable(), message: z.string() })).readonly(),
}) satisfies z.ZodType<DeadLetterGroup>

export const causes = z.object({ job_id: jobId, groups: z.array(group).readonly() })

const deadLetter = z.object({
  stage: z.string(),
  code: z.string(),
  message: z.string(),
  attempts: count.describe('How often the record was tried.'),
  state,
  replay_job_id: jobId.nullable(),
  uri: z.string().nullable(),
  document_id: z.string().nullable(),
  trace_id: z.string().nullable().describe("Of the document's way through this job."),
  topic: z.string(),
  lane: count,
  offset: count,
  input: z.record(z.string(), z.unknown()).nullable().describe('The rejected record, where it could be read.'),
  payload: z.string().nullable().describe('Its first bytes as base64, where it could not.'),
  created_at: z.iso.datetime(),
}) satisfies z.ZodType<DeadLetter>

export const letters = z.object({
  job_id: jobId,
  dead_letters: z.array(deadLetter).readonly(),
  next: z.string().nullable().describe('Goes into `after` for the next page; null on the last.'),
})

const planned = {
  documents: count.describe('To be loaded again, each whole.'),
  dead_letters: count.describe('Open ones that these documents have.'),
  not_replayable: count.describe('Those that name no document of a source: they can only be discarded.'),
  superseded: count.describe('Those of documents that a later run has loaded completely.'),
  left: count.describe('Documents beyond the most that one replay takes; replay again for them.'),
}

export const replayAccepted = accepted.extend(planned)

const examined = z.object({
  document_id: z.string(),
  uri: z.string(),
  dead_letters: count,
  from: z.enum(['edit', 'source', 'stored']).describe('stored: the source has it no more, this is what was rejected.'),
  outcome: z.enum(['loads', 'rejects']),
  chunks: count.nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  content: z
    .object({
      title: z.string(),
      media_type: z.string(),
      metadata: z.record(z.string(), z.string()),
      text: z.string(),
    })
    .nullable(),
})

export const dryRun = z.object({
  job_id: jobId,
  kb_id: kbId,
  ...planned,
  examined: z.array(examined).readonly().describe('Read and cut into chunks, as a replay would; no model was asked.'),
})

export const discarded = z.object({ job_id: jobId, discarded: count })

export type DeadLetterCauses = z.output<typeof causes>
export type DeadLetterPage = z.output<typeof letters>
export type DryRun = z.output<typeof dryRun>
export type Examined = z.output<typeof examined>
export type ReplayBody = z.input<typeof replayRequest>
export type SelectionBody = z.input<typeof selection>
