import type { Admission, Once, Submission } from '../coordinator/jobs.ts'
import type { EmbeddingSettings } from '../models/model.ts'
import { Fatal } from '../runtime/errors.ts'
import { ApiError, deleting, invalidRequest, notFound, notNow, taken } from './api-error.ts'
import { type Accepted, isEnded } from './contract/answers.ts'
import type { Mistake } from './contract/errors.ts'
import { type RequestedSource, splitSource } from './contract/refresh.ts'
import { byKb, defaultSettings, type StartRequest, startRequest } from './contract/requests.ts'
import type { Exchange, Handlers, RequestTrace } from './handler.ts'
import { check } from './mistakes.ts'
import type { ApiPorts } from './ports.ts'

/** Starting jobs. */
export const ingestHandlers = (ports: ApiPorts): Pick<Handlers, 'ingest' | 'start' | 'job'> => ({
  ingest: {
    examine: (...request) => examineOnce(ports, ...request),
    answer: ({ body: { kb_id, ...work } }, { once, trace }) => submit(ports, kb_id, work, once, trace),
  },
  start: {
    examine: (...request) => examineOnce(ports, ...request),
    answer: ({ params, body }, { once, trace }) => submit(ports, params.kb_id, body, once, trace),
  },
  job: {
    async answer({ params: { job_id } }) {
      const job = await ports.jobs.get(job_id)
      if (job === null) throw notFound('job', job_id)
      return { status: isEnded(job.status) ? 200 : 202, body: job }
    },
  },
})

const submit = async (
  ports: ApiPorts,
  kbId: string,
  work: StartRequest,
  once: Once | null,
  { traceparent }: RequestTrace,
) => {
  const known = once && (await ports.jobs.submitted(once))
  const traced = traceparent === null ? {} : { traceparent }
  const admission = known ?? (await ports.jobs.submit({ ...(await completed(ports, kbId, work)), ...traced }, once))
  const body = admitted(kbId, admission)
  return { status: 202 as const, body, headers: { Location: `/ingest/${encodeURIComponent(body.job_id)}` } }
}

/** The ports that checking a request takes. */
export type RequestPorts = Pick<ApiPorts, 'catalogue' | 'embedder' | 'checkSource' | 'sourceId' | 'lanes'>

/** What the request leaves open is taken from the knowledge base, or from the defaults if it is new. */
const completed = async (ports: RequestPorts, kbId: string, work: StartRequest): Promise<Submission> => {
  const complete = work.chunking !== undefined && work.embedding !== undefined
  const kb = complete ? null : await ports.catalogue.get(kbId)
  const settings = kb ?? defaultSettings
  const embedding = work.embedding ?? settings.embedding
  servable(ports, embedding)
  const sources = work.sources.map(splitSource)
  return {
    kb_id: kbId,
    sources: sources.map(({ spec }) => spec),
    schedule: sources.map(({ spec, refresh }) => ({ source: ports.sourceId(spec), spec, refresh })),
    chunking: work.chunking ?? settings.chunking,
    ...(work.chunking === undefined ? { chunking_open: true as const } : {}),
    embedding,
    parallelism: work.parallelism ?? ports.lanes.perJob,
    priority: work.priority,
    ...(work.delete_guard === undefined ? {} : { delete_guard: work.delete_guard }),
  }
}

/** A start that comes by another way than HTTP, checked as one that does; refusals are thrown as ApiError. */
export const readStart = async (ports: RequestPorts, kb_id: string, body: unknown): Promise<Submission> => {
  const known = check(byKb, { kb_id }, 'command')
  const checked = check(startRequest, body, 'body')
  const mistakes = [known, checked].flatMap(one => (one.ok ? [] : one.mistakes))
  mistakes.push(...(await examine(ports, body, mistakes, known.ok ? kb_id : null)))
  if (mistakes.length > 0 || !checked.ok) throw invalidRequest(mistakes)
  return completed(ports, kb_id, checked.value)
}

/** A model that this installation cannot ask is refused here, and not after everything has been loaded. */
const servable = (ports: RequestPorts, embedding: EmbeddingSettings): void => {
  try {
    ports.embedder(embedding)
  } catch (error) {
    if (error instanceof Fatal) throw invalidRequest([{ path: 'embedding', message: error.message }])
    throw error
  }
}

const admitted = (kbId: string, admission: Admission): Accepted => {
  switch (admission.outcome) {
    case 'accepted':
      return { job_id: admission.job_id, kb_id: admission.kb_id, status: admission.status }
    case 'conflict': {
      const { job_id, status } = admission
      const then = status === 'failed' ? 'Retry it, or cancel it first' : 'Wait for its end, then submit again'
      const message = `Knowledge base '${kbId}' has an unfinished job (${status}): ${job_id}. ${then}.`
      throw new ApiError(409, 'job_unfinished', message, { details: { job_id, status }, beside: { job_id } })
    }
    case 'settings_conflict':
      throw new ApiError(409, 'settings_conflict', admission.message)
    case 'taken':
      throw taken(kbId)
    case 'deleting':
      throw deleting(kbId)
    case 'key_reused':
      throw new ApiError(
        422,
        'idempotency_key_reused',
        'This Idempotency-Key came with another request within a day. Make up another key for this one.',
      )
    case 'queue_full':
      throw notNow('queue_full', 'As many jobs wait as may. Submit again later.', admission.retry_after_s)
  }
}

/** What was carried out before is not examined again: its files may be gone by now. */
const examineOnce = async (
  ports: ApiPorts,
  body: unknown,
  known: readonly Mistake[],
  { once }: Exchange,
  kb: string | null,
) => (once !== null && (await ports.jobs.submitted(once)) !== null ? [] : examine(ports, body, known, kb))

/** Asks of every source that passed its schema, even where the rest of the body did not, whether it may be read. */
const examine = async (
  ports: RequestPorts,
  body: unknown,
  known: readonly Mistake[],
  kb: string | null,
): Promise<Mistake[]> => {
  const { sources, parallelism } = (body ?? {}) as { sources?: unknown; parallelism?: unknown }
  const mistakes: Mistake[] = []
  if (
    typeof parallelism === 'number' &&
    parallelism > ports.lanes.all &&
    !known.some(one => one.path === 'parallelism')
  )
    mistakes.push({ path: 'parallelism', message: `must be at most ${ports.lanes.all}, the lanes of this line` })
  if (!Array.isArray(sources) || known.some(one => one.path === 'sources')) return mistakes
  const named = sources.map((source: unknown, index) => [`sources[${index}]`, source] as const)
  return [...mistakes, ...(await sourceMistakes(ports, named, known, kb))]
}

/** What the schemas of sources cannot see, of those in which they saw nothing wrong; each source with its path. */
export const sourceMistakes = async (
  { checkSource }: Pick<RequestPorts, 'checkSource'>,
  sources: readonly (readonly [path: string, source: unknown])[],
  known: readonly Mistake[],
  kb: string | null,
): Promise<Mistake[]> => {
  const named = (path: string) =>
    known.some(one => one.path.startsWith(path) && /^(?:[.[]|$)/.test(one.path.slice(path.length)))
  const mistakes: Mistake[] = []
  for (const [at, source] of sources) {
    if (named(at)) continue
    const refused = await checkSource(splitSource(source as RequestedSource).spec, kb)
    mistakes.push(...refused.map(one => ({ path: one.path === '' ? at : `${at}.${one.path}`, message: one.message })))
  }
  return mistakes
}
