import type { EntityManager } from '@mikro-orm/postgresql'
import type { LaneBatch } from '../kafka/broker.ts'
import type { JobCommand, JobEvent } from '../schemas/job-command.ts'
import { phaseNames } from '../schemas/names.ts'
import { jobCommands } from '../schemas/topics.ts'
import { admit } from './admission.ts'
import { accept } from './commanding.ts'
import { CommandRow } from './entities.ts'
import { decoded, savePosition } from './followed.ts'
import type { Submission } from './jobs.ts'
import { accepted, refused, tellOutcomes } from './outcomes.ts'
import type { InTurn } from './serial.ts'
import type { Refusal, Tenure } from './tenure.ts'

/**
 * Takes a batch of `job.commands`, in one transaction with the position after it: what is accepted goes the way of what
 * the API accepts, and all outcomes go to `job.events`. A command whose id was accepted before is passed over. Requests are
 * read before the turn: their sources may be slow.
 */
export const takeCommands = async (tenure: Tenure, batch: LaneBatch, inTurn: InTurn): Promise<void> => {
  await tenure.codec.prepare(batch.records.map(({ value }) => value))
  const commands = decoded(tenure, jobCommands, batch.records).map(({ value }) => value)
  const read = await Promise.all(commands.map(command => requestOf(tenure, command)))
  await inTurn(() => takeAll(tenure, batch, commands, read))
}

const takeAll = (
  tenure: Tenure,
  batch: LaneBatch,
  commands: readonly JobCommand[],
  read: readonly (Submission | Refusal | null)[],
): Promise<void> =>
  tenure.transaction(async tx => {
    await savePosition(tx, jobCommands, batch)
    const events: JobEvent[] = []
    for (const [i, command] of commands.entries()) {
      if ((await tx.count(CommandRow, { commandId: command.command_id })) > 0) continue
      const event = await take(tx, tenure, command, read[i] ?? null)
      const { outcome, code, message } = event
      const { command_id, verb, kb_id: kb } = command
      tenure.log.info(
        { command_id, verb, kb_id: kb, job_id: event.job_id, outcome, code, message },
        `command is ${outcome}`,
      )
      events.push(event)
    }
    await tellOutcomes(tx, events)
  })

const requestOf = (tenure: Tenure, { verb, kb_id, request }: JobCommand): Promise<Submission | Refusal | null> =>
  verb === 'start' ? tenure.readRequest(kb_id, request ?? '{}') : Promise.resolve(null)

const take = async (
  tx: EntityManager,
  tenure: Tenure,
  command: JobCommand,
  request: Submission | Refusal | null,
): Promise<JobEvent> => {
  const { command_id, kb_id, verb } = command
  if (request && 'refused' in request) return refused(command, request.refused.code, request.refused.message, null)
  if (request) {
    const admission = await admit(tx, tenure, request, { commandId: command_id })
    switch (admission.outcome) {
      case 'accepted':
        return accepted(command, admission.job_id)
      case 'conflict':
        return refused(command, 'job_unfinished', `It has an unfinished job (${admission.status}).`, admission.job_id)
      case 'settings_conflict':
        return refused(command, 'settings_conflict', admission.message, null)
      case 'deleting':
        return refused(command, 'kb_deleting', 'It is being deleted. Ask again when it is gone.', null)
      case 'taken':
      case 'key_reused':
        throw new Error(`A record of job.commands was refused with ${admission.outcome}.`)
      case 'queue_full':
        return refused(command, 'queue_full', 'As many jobs wait as may. Ask again later.', null)
    }
  }
  const phase = phaseNames.find(name => name === command.phase) ?? null
  if (verb === 'start' || (command.phase !== null && (phase === null || verb === 'cancel')))
    return refused(
      command,
      'invalid_request',
      `phase: must be one of ${phaseNames.join(', ')}, and none for cancel`,
      null,
    )
  const answer = await accept(tx, { kb_id, verb, phase }, command_id)
  switch (answer.outcome) {
    case 'accepted':
      return accepted(command, answer.job_id)
    case 'no_job':
      return refused(command, 'not_found', `Knowledge base '${kb_id}' has had no job.`, null)
    case 'refused':
      return refused(command, 'illegal_transition', answer.message, answer.job_id)
    case 'closed':
      return refused(command, 'illegal_transition', 'The failed job was given up: start a new one.', answer.job.id)
  }
}
