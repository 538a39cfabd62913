import { intakeLetters } from '../coordinator/dead-letters.ts'
import { ApiError, invalidRequest, notFound, notNow } from './api-error.ts'
import { reading } from './at-once.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

type Names = 'deadLetters' | 'deadLetterRecords' | 'dryRunReplay' | 'replayDeadLetters' | 'discardDeadLetters'

/** Looking at dead letters, and working them off. */
export const deadLetterHandlers = ({ jobs, deadLetters, dryRun, lanes, atOnce }: ApiPorts): Pick<Handlers, Names> => {
  const known = async (jobId: string): Promise<void> => {
    if (jobId !== intakeLetters && (await jobs.get(jobId)) === null) throw notFound('job', jobId)
  }
  return {
    deadLetters: {
      async answer({ params: { job_id }, query: { limit } }) {
        await known(job_id)
        return { status: 200, body: { job_id, groups: await deadLetters.groups(job_id, limit) } }
      },
    },
    deadLetterRecords: {
      async answer({ params: { job_id }, query: { after, ...filter } }) {
        await known(job_id)
        const page = await deadLetters.list(job_id, { ...filter, after: after ?? null })
        return { status: 200, body: { job_id, ...page } }
      },
    },
    dryRunReplay: {
      async answer({ params: { job_id }, body: { select, edits, limit, content } }, { signal }) {
        const plan = await deadLetters.plan(job_id, select, edits)
        if (plan === null) throw notFound('job', job_id)
        if (plan.unknown_edits.length > 0) throw unknownEdits(edits, plan.unknown_edits)
        const { kb_id, documents, dead_letters, not_replayable, superseded, left } = plan
        const look = () => reading('params.job_id', () => dryRun(plan, { limit, content, signal }))
        const examined = await atOnce.run(look)
        const counts = { documents: documents.length, dead_letters, not_replayable, superseded, left }
        return { status: 200, body: { job_id, kb_id, ...counts, examined } }
      },
    },
    replayDeadLetters: {
      async answer({ params: { job_id }, body: { select, edits, parallelism, ...rest } }) {
        if (parallelism !== undefined && parallelism > lanes.all)
          throw invalidRequest([
            { path: 'parallelism', message: `must be at most ${lanes.all}, the lanes of this line` },
          ])
        const work = { ...rest, edits, parallelism: parallelism ?? lanes.perJob }
        if (job_id === intakeLetters) throw ofIntake()
        const admission = await deadLetters.replay(job_id, { ...work, select })
        switch (admission.outcome) {
          case 'accepted': {
            const { outcome: _, ...body } = admission
            const Location = `/ingest/${encodeURIComponent(admission.job_id)}`
            return { status: 202, body, headers: { Location } }
          }
          case 'no_job':
            throw notFound('job', job_id)
          case 'conflict':
            throw unfinished(admission)
          case 'deleting':
            throw new ApiError(409, 'kb_deleting', 'The knowledge base is being deleted: nothing of it is replayed.')
          case 'queue_full':
            throw notNow('queue_full', 'As many jobs wait as may. Replay again later.', admission.retry_after_s)
          case 'unknown_edits':
            throw unknownEdits(edits, admission.document_ids)
          case 'nothing':
            throw new ApiError(409, 'nothing_to_replay', nothing(job_id, admission), { details: admission })
        }
      },
    },
    discardDeadLetters: {
      async answer({ params: { job_id }, body: { select } }) {
        await known(job_id)
        return { status: 200, body: { job_id, discarded: await deadLetters.discard(job_id, select) } }
      },
    },
  }
}

const unfinished = ({ job_id, status }: { readonly job_id: string; readonly status: string }): ApiError =>
  new ApiError(
    409,
    'job_unfinished',
    `The knowledge base has an unfinished replay (${status}): ${job_id}. Wait for its end, then replay again.`,
    { details: { job_id, status }, beside: { job_id } },
  )

const ofIntake = (): ApiError =>
  new ApiError(
    409,
    'nothing_to_replay',
    'What INTAKE rejected is not replayed: publish the documents again. Then the dead letters can be discarded.',
  )

const unknownEdits = (edits: readonly { readonly document_id: string }[], unknown: readonly string[]): ApiError =>
  invalidRequest(
    edits.flatMap(({ document_id }, index) =>
      unknown.includes(document_id)
        ? [
            {
              path: `edits[${index}].document_id`,
              message: 'names no document that the selection has an open dead letter of',
            },
          ]
        : [],
    ),
  )

const nothing = (
  jobId: string,
  { not_replayable, superseded }: { readonly not_replayable: number; readonly superseded: number },
): string => {
  const why = [
    ...(superseded > 0 ? [`${superseded} are of documents that a later run has loaded completely`] : []),
    ...(not_replayable > 0 ? [`${not_replayable} name no document of its sources`] : []),
  ]
  return why.length === 0
    ? `Job ${jobId} has no open dead letter that the selection names.`
    : `Job ${jobId} has no open dead letter to replay: ${why.join(', and ')}. They can be discarded.`
}
