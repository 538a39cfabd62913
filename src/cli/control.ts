import { setTimeout as pause } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { type Client, ClientError } from '../api/client.ts'
import { isEnded, type JobStatus } from '../api/contract/answers.ts'
import { type CliContext, ExitCode } from './context.ts'
import { findJob } from './find-job.ts'
import { holdText, remarks, summary } from './job-text.ts'
import { examples, jsonFlag } from './options.ts'
import { say, sayJson } from './text.ts'

interface Flags {
  readonly phase?: Phase
  readonly wait?: true
  readonly json?: true
}

const phases = ['LOADING', 'CHUNKING', 'EMBEDDING', 'INDEXING', 'FINISHING'] as const
type Phase = (typeof phases)[number]

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
    .argument('<job-or-kb>', 'a job, or a knowledge base for its newest job')
    .option(...jsonFlag)
  if (verb !== 'cancel') command.addOption(new Option('--phase <phase>', 'this phase alone').choices(phases))
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
  const newest = await client.kbStatus({ params: { kb_id } }, context.signal)
  if (newest.job_id !== job_id)
    throw new ClientError(409, 'not_newest', `Job ${job_id} is not the newest of ${kb_id}: that is ${newest.job_id}.`)
  const params = { kb_id }
  const body = flags.phase === undefined ? {} : { phase: flags.phase }
  const accepted =
    verb === 'cancel'
      ? await client.cancel({ params, body: {} }, context.signal)
      : await client[verb]({ params, body }, context.signal)
  if (!flags.json)
    say(context.stderr, `Accepted: ${verb} ${flags.phase ?? 'job'} ${accepted.job_id} of ${accepted.kb_id}.`)
  const job = flags.wait ? await settled(context, client, accepted.job_id, verb, flags) : null
  if (flags.json) return sayJson(context.stdout, job ?? accepted)
  if (job !== null) for (const line of [...remarks(job), summary(job)]) say(context.stdout, line)
}

/** Follows a pause or a cancel to its end; exit code 1 when the job ended otherwise. */
const settled = async (context: CliContext, client: Client, jobId: string, verb: Verb, flags: Flags) => {
  let said = ''
  for (;;) {
    const job = await client.job({ params: { job_id: jobId } }, context.signal)
    if (verb === 'pause' && isPaused(job, flags.phase)) return job
    if (isEnded(job.status)) {
      if (verb === 'cancel' && job.status === 'cancelled') return job
      say(context.stderr, summary(job))
      throw new ExitCode(1)
    }
    const hold = verb === 'pause' ? job.pause : job.cancel
    const line = hold === null ? '' : holdText(verb, hold)
    if (line !== said && line !== '' && !flags.json) say(context.stderr, line)
    said = line
    await pause(200, undefined, { signal: context.signal })
  }
}

const isPaused = (job: JobStatus, phase: Phase | undefined): boolean =>
  phase === undefined
    ? job.status === 'paused'
    : job.phase_details.some(({ name, status }) => name === phase && status !== 'running' && status !== 'pending')
