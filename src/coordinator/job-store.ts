import { type EntityManager, raw } from '@mikro-orm/postgresql'
import { defaultTenant } from '../schemas/tenants.ts'
import { type AdmissionOptions, submit } from './admission.ts'
import { command } from './commanding.ts'
import { foreseen, waitingCommands } from './commands.ts'
import { CommandRow, JobRow } from './entities.ts'
import { isUnderWay, shownStatus } from './job-state.ts'
import { jobStatus } from './job-status.ts'
import type { JobStatus, Jobs } from './jobs.ts'
import { newestOf, parkedEvents } from './streams.ts'
import { admittedAs } from './submission-keys.ts'
import { type Limits, ownersOf, waitingFor } from './waiting.ts'

export interface JobStoreOptions extends AdmissionOptions, Limits {
  /** Whose jobs these are; all, unless given. */
  readonly tenant?: string
  /** The database as that tenant sees it. Who waits for whom is asked of all of it, and told in numbers. */
  readonly own?: EntityManager
}

/** The jobs of the database, as the API starts and sees them. */
export const createJobs = (options: JobStoreOptions): Jobs => {
  const { em, own = em, tenant = null } = options
  /** What was accepted is shown as if it were applied; but a job is paused, or has ended, when it is. */
  const ahead = (stored: readonly JobRow[], commands: readonly CommandRow[]): readonly JobRow[] =>
    stored.map(row => {
      const state = foreseen(row, commands)
      if (state === row.state || !isUnderWay(state)) return row
      return { ...row, state, status: shownStatus(state.status), completedAt: null }
    })
  /** Commands are read before the jobs and, if there were any, after them: one that was applied between would be in neither. */
  const show = async (find: (fork: EntityManager) => Promise<readonly JobRow[]>): Promise<readonly JobStatus[]> => {
    for (;;) {
      const [fork, whole] = [own.fork(), em.fork()]
      const commands = await waitingCommands(fork)
      const stored = await find(fork)
      if (commands.length > 0 && (await someApplied(fork, commands))) continue
      const rows = ahead(stored, commands)
      const owners = await ownersOf(fork)
      const reasons = await waitingFor(whole, rows, options, owners)
      const now = new Date()
      const parked = await parkedEvents(fork, rows)
      return rows.map(row => {
        const around = { waitingFor: reasons.get(row.id) ?? null, parked: parked.get(row.kbId) ?? 0 }
        return jobStatus(row, { ...around, owners, now })
      })
    }
  }
  const one = async (find: (fork: EntityManager) => Promise<readonly JobRow[]>) => (await show(find))[0] ?? null

  return {
    submit: (request, once = null) => submit(options, request, { tenant, once }),
    submitted: once => admittedAs(own.fork(), tenant ?? defaultTenant, once),
    command: request => command({ ...options, own }, request),
    get: id => one(fork => fork.find(JobRow, { id })),
    ofKnowledgeBase: kbId =>
      one(async fork => {
        const found = await newestOf(fork, kbId)
        return found ? [found] : []
      }),
    async list({ kb_id, status, kind, limit, after }) {
      const ofTenant = () => (tenant === null ? {} : { kbId: { $in: raw(knowledgeBasesOf, [tenant]) } })
      const last =
        after === null
          ? null
          : await own.fork().findOne(JobRow, { $and: [{ id: after }, ofTenant()] }, { fields: ['number'] })
      if (after !== null && last === null) return null
      const where = {
        ...(kb_id === undefined ? {} : { kbId: kb_id }),
        ...(status === undefined ? {} : { status }),
        ...(kind === undefined ? {} : { kind }),
        ...(last === null ? {} : { number: { $lt: last.number } }),
      }
      const order = { orderBy: { number: 'desc' }, limit: limit + 1 } as const
      const found = await show(fork => fork.find(JobRow, { $and: [where, ofTenant()] }, order))
      const jobs = found.slice(0, limit)
      return { jobs, next: found.length > limit ? jobs.at(-1)!.job_id : null }
    },
  }
}

const knowledgeBasesOf = '(select kb_id from knowledge_base_owner where tenant = ?)'

/** Whether some of these, which waited, do not any more. */
const someApplied = async (em: EntityManager, commands: readonly CommandRow[]): Promise<boolean> =>
  (await em.count(CommandRow, { id: { $in: commands.map(({ id }) => id) }, appliedAt: null })) < commands.length
