import type { Command } from 'commander'
import { type CliContext, ExitCode, UsageError } from './context.ts'
import { examples, jsonFlag } from './options.ts'
import { say, sayJson, table } from './text.ts'

interface Flags {
  readonly target?: readonly string[]
  readonly json?: true
}

/** What a process answered. */
interface Answered {
  readonly target: string
  /** null where it did not say. */
  readonly level: string | null
  readonly message: string | null
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
const answerWithinMs = 5_000

export const registerLogLevel = (program: Command, context: CliContext): void => {
  program
    .command('log-level')
    .summary('show or change how much running processes log')
    .description(
      'Shows the level of the log of each process, or changes it until the process ends. A process takes a change from its ' +
        'own machine alone. The processes are those that the API lists for Prometheus, unless --target names others.',
    )
    .argument('[level]', levels.join(', '))
    .option('--target <host:port...>', "of processes: the address of their metrics, which is in each one's log")
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('log-level', 'log-level debug', 'log-level info --target 127.0.0.1:9464 127.0.0.1:9465'),
    )
    .action((level: string | undefined, flags: Flags) => logLevel(context, level ?? null, flags))
}

const logLevel = async (context: CliContext, level: string | null, flags: Flags): Promise<void> => {
  if (level !== null && !levels.includes(level))
    throw new UsageError(`There is no level ${level}. The levels are ${levels.join(', ')}.`)
  const targets = flags.target ?? (await listed(context))
  if (targets.length === 0)
    throw new UsageError('The API lists no processes. Name them with --target, or set PENSTOCK_METRICS_TARGETS for it.')
  const answers = await Promise.all(targets.map(target => ask(target, level, context.signal)))
  if (flags.json) sayJson(context.stdout, { processes: answers })
  else
    for (const line of table(
      ['PROCESS', 'LEVEL'],
      answers.map(one => [one.target, one.level ?? `? ${one.message}`]),
    ))
      say(context.stdout, line)
  if (answers.some(one => one.level === null)) throw new ExitCode(1)
}

const listed = async (context: CliContext): Promise<readonly string[]> => {
  const client = await context.client()
  return (await client.metricsTargets({}, context.signal)).flatMap(({ targets }) => targets)
}

const ask = async (target: string, level: string | null, interrupted: AbortSignal): Promise<Answered> => {
  const change = level === null ? {} : { method: 'PUT', body: JSON.stringify({ level }) }
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(answerWithinMs)])
  try {
    const answer = await fetch(`http://${target}/log-level`, { ...change, signal })
    const body = (await answer.json()) as { readonly level?: string; readonly error?: { readonly message: string } }
    return { target, level: body.level ?? null, message: body.error?.message ?? null }
  } catch (error) {
    interrupted.throwIfAborted()
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    return { target, level: null, message: `It does not answer: ${why}` }
  }
}
