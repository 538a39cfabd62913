/** What the API answers when it succeeds. Times are ISO 8601 in UTC. */
import { z } from 'zod'
import type { DeletionBody } from '../../coordinator/deletions.ts'
import type { IntakeStatus } from '../../coordinator/intake-status.ts'
import type { JobPage, JobState, JobStatus } from '../../coordinator/jobs.ts'
import { jobId, jobKind, jobState, kbId } from './requests.ts'

const count = z.int().min(0)
const time = z.iso.datetime()

export const accepted = z.object({ job_id: jobId, kb_id: kbId, status: jobState })

const failure = z.object({
  code: z.string(),
  message: z.string(),
  phase: z.string().nullable(),
  lane: z.int().nullable(),
})

const hold = z.object({
  requested_at: time,
  acknowledged: count,
  expected: count,
  missing: z
    .array(z.object({ stage: z.string(), lane: z.int(), worker: z.string().nullable() }))
    .readonly()
    .describe('Lanes of stages that have not yet acknowledged that nothing is in flight; worker null: nobody has it.'),
})

export const jobStatus = z.object({
  job_id: jobId,
  kb_id: kbId,
  kind: jobKind.describe(
    'A run loads sources; a replay loads again documents of dead letters; a stream loads events, without end.',
  ),
  replay: z
    .object({ of: jobId, documents: count, documents_per_second: z.number() })
    .nullable()
    .describe('Of a replay: whose dead letters they were, and its bound.'),
  stream: z
    .object({ unfinished_documents: count, unfinished_chunks: count, parked_events: count })
    .nullable()
    .describe('Of a stream: how far it is behind. Its progress is the share of what came that can be searched.'),
  status: jobState,
  phase: z.string().nullable().describe('The last phase that has begun.'),
  progress: z.number().min(0).max(100),
  message: z.string().nullable(),
  waiting_for: z.string().nullable(),
  error: failure.nullable(),
  metrics: z.object({
    documents: count,
    rows: count.describe('Of tables.'),
    chunks: count,
    rejected: count,
    bytes: count,
    documents_per_second: z.number().nullable(),
    chunks_per_second: z.number().nullable(),
  }),
  eta: z
    .object({ earliest: time, expected: time, latest: time })
    .nullable()
    .describe('When it will be done, as a range; null where there is no ground for one.'),
  pause: hold.nullable().describe('A pause of the job or of phases that is in force or asked for.'),
  cancel: hold.nullable().describe('A cancel that is under way.'),
  lanes: z.array(z.int()).readonly(),
  submitted_at: time,
  started_at: time.nullable(),
  completed_at: time.nullable(),
  phase_details: z
    .array(
      z.object({
        name: z.string(),
        status: jobState,
        progress: z.number().min(0).max(100),
        items_processed: count,
        items_total: count.nullable(),
        items_rejected: count,
        items_per_second: z.number().nullable(),
        started_at: time.nullable(),
        completed_at: time.nullable(),
        error: failure.nullable(),
      }),
    )
    .readonly(),
}) satisfies z.ZodType<JobStatus>

const next = z.string().nullable().describe('Goes into `after` for the next page; null on the last.')
export const jobPage = z.object({ jobs: z.array(jobStatus).readonly(), next }) satisfies z.ZodType<JobPage>

export const knowledgeBase = z.object({
  kb_id: kbId,
  embedding: z.object({ provider: z.enum(['hashing', 'openai']), model: z.string(), dimensions: z.int() }),
  chunking: z.object({
    strategy: z.enum(['markdown', 'recursive', 'fixed']),
    chunk_size: z.int(),
    chunk_overlap: z.int(),
  }),
  documents: count,
  chunks: count,
  created_at: time,
  deletion: z
    .object({ asked_at: time, waiting_for: z.string().nullable() })
    .nullable()
    .describe('That it is being deleted: since when, and what that waits for, where it cannot go on.'),
})
export const deletion = z.object({
  kb_id: kbId,
  status: z.literal('deleting'),
  asked_at: time,
  waiting_for: z.string().nullable().describe('What it waits for, where it cannot go on.'),
}) satisfies z.ZodType<DeletionBody>
export const knowledgeBasePage = z.object({ knowledge_bases: z.array(knowledgeBase).readonly(), next })

export const documentSummary = z.object({
  document_id: z.string(),
  source: z.string(),
  uri: z.string(),
  title: z.string(),
  media_type: z.string(),
  version: z.int(),
  chunks: count,
  updated_at: time,
})
export const documentPage = z.object({
  documents: z.array(documentSummary).readonly(),
  next,
})

export const searchAnswer = z.object({
  hits: z
    .array(
      z.object({
        score: z.number(),
        text: z.string(),
        uri: z.string(),
        title: z.string(),
        heading_path: z.array(z.string()).readonly(),
        position: z
          .int()
          .min(0)
          .describe(
            'Orders the chunks of a document: counts from 0; in one of over 256 KiB, from 1,048,576 times the part.',
          ),
        offset: z.int().describe('Where it starts in the document, in UTF-16 code units.'),
        document_id: z.string(),
        chunk_id: z.string(),
        version: z.int(),
        trace_id: z.string().nullable().describe('Of the way of its document through the line, where it was traced.'),
      }),
    )
    .readonly(),
})

export const intakeStatus = z.object({
  partitions: z
    .array(
      z.object({
        partition: z.int(),
        unread: count.describe('Records that INTAKE has not dealt with, markers of transactions included.'),
        held: z
          .object({ kb_id: kbId, since: time, message: z.string() })
          .nullable()
          .describe('Why it stands: the parking of that knowledge base is full.'),
      }),
    )
    .readonly(),
  parked: z
    .array(z.object({ kb_id: kbId, events: count, bytes: count, oldest: time }))
    .readonly()
    .describe('Events that wait in the database for the stream of their knowledge base to have a lane.'),
  dead_letters: count.describe('Open ones of INTAKE: those of the job INTAKE.'),
}) satisfies z.ZodType<IntakeStatus>

export const health = z.object({ status: z.literal('ok'), version: z.string() })
export const readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  dependencies: z.array(z.object({ name: z.string(), ready: z.boolean(), message: z.string().nullable() })).readonly(),
})

/** Nothing more will happen to a job in such a state, unless it is asked for. */
export const isEnded = (status: JobState): boolean => ['completed', 'failed', 'cancelled'].includes(status)

export type Accepted = z.output<typeof accepted>
export type KnowledgeBase = z.output<typeof knowledgeBase>
export type KnowledgeBasePage = z.output<typeof knowledgeBasePage>
export type DocumentPage = z.output<typeof documentPage>
export type SearchAnswer = z.output<typeof searchAnswer>
export type Readiness = z.output<typeof readiness>
export type { JobKind, JobState, JobStatus, PhaseDetail } from '../../coordinator/jobs.ts'

/** As Prometheus wants it: targets are host:port. */
export const metricsTargets = z.array(
  z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }),
)
