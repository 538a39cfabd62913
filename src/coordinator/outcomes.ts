import type { EntityManager } from '@mikro-orm/postgresql'
import type { JobCommand, JobEvent } from '../schemas/job-command.ts'
import { jobEvents } from '../schemas/topics.ts'
import { plan } from './publications.ts'

type Named = Pick<JobCommand, 'command_id' | 'kb_id'>

export const accepted = ({ command_id, kb_id }: Named, job_id: string): JobEvent => ({
  type: 'job_event',
  command_id,
  kb_id,
  job_id,
  outcome: 'accepted',
  code: null,
  message: null,
})

export const refused = (
  { command_id, kb_id }: Named,
  code: string,
  message: string,
  job_id: string | null,
): JobEvent => ({ type: 'job_event', command_id, kb_id, job_id, outcome: 'refused', code, message })

/**
 * Plans to tell upstream systems what became of their commands, with the state it follows from. A coordinator that dies
 * right after the telling may tell it again: events are told apart by `command_id`.
 */
export const tellOutcomes = async (tx: EntityManager, events: readonly JobEvent[]): Promise<void> => {
  if (events.length === 0) return
  const records = events.map(value => ({ topic: jobEvents.name, lane: 0, key: value.kb_id, value }))
  await plan(tx, [], records)
}
