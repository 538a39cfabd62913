import type { KnowledgeStore } from '../knowledge/knowledge-base.ts'
import { Reject } from '../runtime/errors.ts'
import { type Discard, defineStage, type Emission, emit, type Outcome, type StageContext } from '../runtime/stage.ts'
import { laneOf } from '../schemas/identity.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { LoadRequest } from '../schemas/load-request.ts'
import { documents, loadRequests, rowsTopic } from '../schemas/topics.ts'
import { isSourceReject, type OpenSource } from '../sources/source.ts'
import { sent } from './loading/events.ts'
import { type Found, recordsOf } from './loading/records.ts'
import { rowRecords } from './loading/row-records.ts'
import { takeBite } from './loading/take-bite.ts'

export interface LoadingDeps {
  readonly openSource: OpenSource
  readonly store: Pick<KnowledgeStore, 'listed'>
}

/**
 * LOADING takes one bite of a source for each load request and emits its documents together with the request for the
 * next bite, so that one transaction moves both; after the last bite of the last source an end mark takes its place.
 *
 * A stream has no bites: each of its inputs is a document that an upstream system sent.
 *
 * What is unchanged since an earlier run goes no further; a file that cannot be read is rejected by name. The lane of a
 * document is a function of its id, its version one of the run and its number there; a large one travels in parts.
 */
export const loading = (deps: LoadingDeps) =>
  defineStage({
    name: 'loading',
    phase: 'LOADING',
    from: loadRequests,
    to: [documents, rowsTopic, loadRequests],
    slice: { records: 256, bytes: 1024 * 1024 },
    fansOut: true,
    isStep: input => input.type === 'load_request',
    async transform(inputs, context) {
      const outcomes: Outcome<Output>[] = []
      for (const input of inputs) {
        if (input.type === 'load_event') await context.rest()
        if (input.type === 'load_request') outcomes.push(await load(deps, input, context))
        else outcomes.push(input.type === 'load_event' ? sent(input, context) : [])
      }
      return outcomes
    },
  })

type Output = typeof documents | typeof rowsTopic | typeof loadRequests

const load = async (deps: LoadingDeps, request: LoadRequest, context: StageContext) => {
  const { job, signal } = context
  if (request.seq === 0) await sayTotal(deps.openSource, context)
  const { source, id } = deps.openSource(job, request.source_index)
  const { bite, found, unchanged } = await takeBite(source, request, { job, id, store: deps.store, signal })
  if (bite.tabled) {
    context.count(bite.tabled.rows.length)
    context.countRowDocuments(found.length)
  } else context.count(found.length + (bite.unchanged?.length ?? 0))
  if (bite.message !== undefined) context.say(bite.message)

  const outputs: (Emission<Output> | Discard)[] = []
  let ordinal = request.documents_before
  for (const [i, one] of bite.documents.entries()) {
    const { documentId } = found[i] as Found
    const document = { id: documentId, source: id }
    if (isSourceReject(one)) outputs.push({ discard: new Reject(one.code, one.message), uri: one.uri, document })
    else if (!unchanged.has(documentId)) {
      const lane = laneOf(documentId, job.lanes)
      for (const record of recordsOf(one, found[i] as Found, job, ordinal))
        outputs.push(emit(documents, documentId, record, lane))
      ordinal += 1
    }
  }
  if (bite.tabled) outputs.push(...rowRecords(bite.tabled, id, job))
  outputs.push(following(request, bite.next, ordinal, job))
  return outputs
}

/** Once for a run, over all its sources: one that is gone fails the run before it has begun. */
const sayTotal = async (openSource: OpenSource, context: StageContext): Promise<void> => {
  const { job, signal } = context
  const totals = await Promise.all(job.sources.map((_, i) => openSource(job, i).source.total(signal)))
  if (totals.every(total => total !== null)) context.total(totals.reduce((sum, total) => sum + total, 0))
}

/** The next bite of this source, the first of the next one, or the end; always in the job's first lane. */
const following = (request: LoadRequest, cursor: string | null, documentsBefore: number, job: LaneJob) => {
  const { job_id, lanes } = job
  const source_index = cursor === null ? request.source_index + 1 : request.source_index
  if (source_index === job.sources.length) return emit(loadRequests, job_id, { type: 'end_mark', job_id }, lanes[0])
  const next = { ...request, seq: request.seq + 1, source_index, cursor, documents_before: documentsBefore }
  return emit(loadRequests, job_id, next, lanes[0])
}
