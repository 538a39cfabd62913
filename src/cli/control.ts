import { setTimeout as pause } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { type Client, ClientError } from '../api/client.ts'
import { isEnded, type JobStatus } from '../api/contract/answers.ts'
import { phase } from '../api/contract/requests.ts'
import type { CliContext } from './context.ts'
import { findJob } from './find-job.ts'
import { holdText, remarks, summary } from './job-text.ts'
import { look } from './look.ts'
import { examples, jsonFlag } from './options.ts'
import { say, sayJson } from './text.ts'

interface Flags {
  readonly phase?: Phase
  readonly wait?: true
  readonly json?: true
}

type Phase = (typeof phase.options)[number]

const verbs = {
  pause: 'let a job, or one phase of it, stand',
  resume: 'let a paused job, or one phase of it, go on',
  cancel: 'end a job; what it has completed stays',
  retry: 'let a failed job go on where it failed',
} as const
type Verb = keyof typeof verbs

export const registerControl = (program: Command, context: CliContext): void => {
  for (const verb of Object.keys(verbs) as Verb[]) register(program, context, verb)
}

const register = (program: Command, context: CliContext, verb: Verb): void => {
  const command = program
    .command(verb)
    .summary(verbs[verb])
    .argument('<job-or-kb>', 'a job, or a knowledge base for its newest run')
    .option(...jsonFlag)
  if (verb !== 'cancel') command.addOption(new Option('--phase <phase>', 'this phase alone').choices(phase.options))
  if (verb === 'pause' || verb === 'cancel')
    command.option('--wait', 'wait until nothing of it is in flight any more, and say meanwhile who is waited for')
  const phased = verb === 'cancel' ? `${verb} handbook --wait` : `${verb} handbook --phase EMBEDDING`
  command
    .addHelpText('after', examples(`${verb} handbook`, phased))
    .action((name: string, flags: Flags) => demand(context, verb, name, flags))
}

const demand = async (context: CliContext, verb: Verb, name: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const { job_id, kb_id } = await findJob(client, name, context.signal)
  const params = { kb_id }
  const body = { job_id, ...(flags.phase === undefined ? {} : { phase: flags.phase }) }
  const accepted =
    verb === 'cancel'
      ? await client.cancel({ params, body: { job_id } }, context.signal)
      : await client[verb]({ params, body }, context.signal)
  if (!flags.json)
    say(context.stderr, `Accepted: ${verb} ${flags.phase ?? 'job'} ${accepted.job_id} of ${accepted.kb_id}.`)
  const job = flags.wait ? await settled(context, client, accepted.job_id, verb, flags) : null
  if (flags.json) return sayJson(context.stdout, job ?? accepted)
  if (job !== null) for (const line of [...remarks(job), summary(job)]) say(context.stdout, line)
}

/** Follows a pause or a cancel to its end; exit code 1 when the job ended otherwise, or was told something else meanwhile. */
const settled = async (context: CliContext, client: Client, jobId: string, verb: Verb, flags: Flags) => {
  let said = ''
  const tell = (line: string): void => {
    if (line !== said && !flags.json) say(context.stderr, line)
    said = line
  }
  let begun = false
  for (;;) {
    const job = await look(client, jobId, { signal: context.signal, silent: tell })
    if (verb === 'pause' ? isPaused(job, flags.phase) : job.status === 'cancelled') return job
    const hold = verb === 'pause' ? job.pause : job.cancel
    if (isEnded(job.status) || (begun && hold === null)) throw new ClientError(409, 'overtaken', overtaken(job, verb))
    begun ||= hold !== null
    if (hold !== null) tell(holdText(verb, hold))
    await pause(200, undefined, { signal: context.signal })
  }
}

const overtaken = (job: JobStatus, verb: Verb): string =>
  isEnded(job.status)
    ? `Before the ${verb} took effect, the job ended. ${summary(job)}`
    : `Before the ${verb} took effect, somebody asked for something else. ${summary(job)}`

/** Of one phase: it stands, or has nothing left to do. */
const isPaused = (job: JobStatus, only: Phase | undefined): boolean =>
  only === undefined
    ? job.status === 'paused'
    : job.phase_details.some(({ name, status }) => name === only && (status === 'paused' || status === 'completed'))
