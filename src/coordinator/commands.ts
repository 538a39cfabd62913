import type { EntityManager } from '@mikro-orm/postgresql'
import type { Phase } from '../schemas/names.ts'
import { carryOut } from './carry-out.ts'
import { CommandRow, type JobRow } from './entities.ts'
import { apply, IllegalTransition, type JobEvent } from './job.ts'
import { lockJobs, transit } from './job-rows.ts'
import type { Job } from './job-state.ts'
import { refused, tellOutcomes } from './outcomes.ts'
import type { Tenure } from './tenure.ts'

/**
 * Applies the commands that wait, in order. `start` only marks the job as due: the queue decides when it runs. What the
 * state of a job has come to forbid since it was accepted is refused, and kept with the reason. True when there was one.
 */
export const applyCommands = ({ transaction, log }: Tenure): Promise<boolean> =>
  transaction(async (tx, now) => {
    const commands = await waitingCommands(tx)
    const jobs = await lockJobs(
      tx,
      commands.map(({ jobId }) => jobId),
    )
    for (const command of commands) {
      const job = jobs.find(({ id }) => id === command.jobId)
      command.appliedAt = now
      if (!job) continue
      command.refusal = await obey(tx, job, command, now)
      const { id, verb, phase, refusal } = command
      const about = { job_id: job.id, kb_id: job.kbId, command: id, verb, phase, status: job.state.status }
      if (refusal === null) log.info(about, `${verb} is applied`)
      else {
        log.warn({ ...about, refusal }, `${verb} came too late: ${refusal}`)
        const { commandId: command_id } = command
        if (command_id) await tellOutcomes(tx, [refused({ command_id, kb_id: job.kbId }, late, refusal, job.id)])
      }
    }
    return commands.length > 0
  })

const late = 'illegal_transition'

/** Why it is refused, or null. */
const obey = async (tx: EntityManager, job: JobRow, command: CommandRow, now: Date): Promise<string | null> => {
  const event = demandOf(command, now.getTime())
  if (event === null) return null
  const refusal = refusalFor(job, event)
  if (refusal === null) await carryOut(tx, job, transit(job, [event], now))
  return refusal
}

/** The event of a command; null for `start`, which is the queue's. */
export const demandOf = (
  { verb, phase }: { readonly verb: CommandRow['verb']; readonly phase?: Phase | null | undefined },
  at: number,
): JobEvent | null => {
  if (verb === 'start') return null
  return verb === 'cancel' ? { type: 'cancel', at } : { type: verb, phase: phase ?? null, at }
}

/** The sentence with which a job refuses an event, or null. */
export const refusalFor = (job: Pick<JobRow, 'closedAt'> & { readonly state: Job }, event: JobEvent): string | null => {
  if (job.closedAt) return 'The failed job was given up, and its lanes went to others: start a new one.'
  try {
    apply(job.state, event)
    return null
  } catch (error) {
    if (error instanceof IllegalTransition) return error.message
    throw error
  }
}

/** What a job will be when the commands that wait are applied, as far as its state allows them. */
export const foreseen = (job: JobRow, commands: readonly CommandRow[]): Job =>
  commands.reduce((state, command) => {
    const event = command.jobId === job.id ? demandOf(command, command.createdAt.getTime()) : null
    return event && refusalFor({ state, closedAt: job.closedAt }, event) === null ? apply(state, event).job : state
  }, job.state)

/** Commands not yet applied, oldest first; all, or those of some jobs. */
export const waitingCommands = (em: EntityManager, jobIds?: readonly string[]): Promise<CommandRow[]> =>
  em.find(
    CommandRow,
    { appliedAt: null, ...(jobIds === undefined ? {} : { jobId: { $in: [...jobIds] } }) },
    { orderBy: { id: 'asc' } },
  )
