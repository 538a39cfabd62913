import type { EntityManager } from '@mikro-orm/postgresql'
import { type AdmissionOptions, submit } from './admission.ts'
import { demandOf, foreseen, refusalFor, waitingCommands } from './commands.ts'
import { CommandRow, JobRow } from './entities.ts'
import { apply } from './job.ts'
import { lockJobs } from './job-rows.ts'
import { isUnderWay, shownStatus } from './job-state.ts'
import type { CommandOutcome, CommandRequest } from './jobs.ts'
import { newestOf } from './streams.ts'

/**
 * Accepts a demand on a job of a knowledge base, its newest run unless it is
 * named (its newest stream where it had no run), or says why not. It is judged by what the job will be when
 * the demands that were accepted before it are applied, so that of several clients the last one accepted wins. A failed
 * job that was given up cannot go on: its retry is a new job with the same request.
 */
export const command = async (
  options: AdmissionOptions & { readonly own?: EntityManager },
  request: CommandRequest,
): Promise<CommandOutcome> => {
  const outcome = await (options.own ?? options.em).fork().transactional(tx => accept(tx, request))
  if (outcome.outcome === 'closed') return again(options, outcome.job)
  if (outcome.outcome === 'accepted') options.nudge?.()
  return outcome
}

type Accepting = CommandOutcome | { readonly outcome: 'closed'; readonly job: JobRow }

/** The same as part of a transaction; `commandId` is that of a record of `job.commands`. */
export const accept = async (
  tx: EntityManager,
  { kb_id, job_id, verb, phase }: CommandRequest,
  commandId: string | null = null,
): Promise<Accepting> => {
  const which = job_id === undefined ? null : { kbId: kb_id, id: job_id }
  const newest = which ? await tx.findOne(JobRow, which, { fields: ['id'] }) : await newestOf(tx, kb_id)
  const [job] = newest ? await lockJobs(tx, [newest.id]) : []
  if (!job) return { outcome: 'no_job' }
  if (job.closedAt && verb === 'retry') return { outcome: 'closed', job }
  const event = demandOf({ verb, phase }, Date.now())
  if (event === null) throw new Error(`${verb} is not a demand on a job.`)

  const state = foreseen(job, await waitingCommands(tx, [job.id]))
  const message = refusalFor({ state, closedAt: job.closedAt }, event)
  if (message !== null) return { outcome: 'refused', job_id: job.id, status: shownStatus(state.status), message }
  tx.create(CommandRow, { jobId: job.id, verb, phase, commandId })
  await tx.flush()
  const next = apply(state, event).job
  return {
    outcome: 'accepted',
    job_id: job.id,
    kb_id,
    status: isUnderWay(next) ? shownStatus(next.status) : job.status,
  }
}

const again = async (options: AdmissionOptions, job: JobRow): Promise<CommandOutcome> => {
  if (job.kind === 'replay') {
    const message = 'The failed replay was given up, and its dead letters are open again: replay them anew.'
    return { outcome: 'refused', job_id: job.id, status: job.status, message }
  }
  const admission = await submit(options, job.submission)
  if (admission.outcome === 'accepted') return admission
  const reason = {
    conflict: 'its knowledge base has another unfinished job',
    settings_conflict: 'its knowledge base has other settings by now',
    taken: 'its knowledge base is not yours',
    deleting: 'its knowledge base is being deleted',
    key_reused: 'its request was another one',
    queue_full: 'as many jobs wait as may; try again later',
  }[admission.outcome]
  const message = `The failed job was given up, and cannot be started anew: ${reason}.`
  return { outcome: 'refused', job_id: job.id, status: job.status, message }
}
