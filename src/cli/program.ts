import { Command, CommanderError } from 'commander'
import { ClientError } from '../api/client.ts'
import { registerConfig } from './config.ts'
import { type CliContext, ExitCode, UsageError } from './context.ts'
import { registerControl } from './control.ts'
import { registerDeadLetters } from './dead-letters.ts'
import { registerExplain } from './explain.ts'
import { registerIngest } from './ingest.ts'
import { registerIntake } from './intake.ts'
import { registerKeys } from './keys.ts'
import { registerKnowledgeBases } from './knowledge-bases.ts'
import { registerLogLevel } from './log-level.ts'
import { examples } from './options.ts'
import { registerSchedules } from './schedules.ts'
import { registerSearch } from './search.ts'
import { registerSource } from './source.ts'
import { registerStatus } from './status.ts'
import { registerStructured } from './structured.ts'
import { registerTables } from './tables.ts'
import { say, sayJson } from './text.ts'
import { registerUpload } from './upload.ts'
import { registerUploads } from './uploads.ts'
import { registerVerify } from './verify.ts'
import { registerWatch } from './watch.ts'

/** The `penstock` command with the verbs that talk to a running Penstock; composition adds those that are one. */
export const buildProgram = (context: CliContext): Command => {
  const program = new Command('penstock')
    .description('Documents go in through Kafka, a searchable knowledge base comes out.')
    .version(context.version)
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: text => context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
    })
    .showHelpAfterError('(add --help for what is possible)')
    .exitOverride()
    .addHelpText(
      'after',
      `${examples('ingest docs --kb handbook --watch', 'search handbook how do I rotate keys')}

Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 verify found differences, 130 interrupted.`,
    )
  for (const register of verbs) register(program, context)
  return program
}

const verbs = [
  registerIngest,
  registerUpload,
  registerUploads,
  registerStatus,
  registerWatch,
  registerControl,
  registerSearch,
  registerExplain,
  registerKnowledgeBases,
  registerTables,
  registerStructured,
  registerSource,
  registerSchedules,
  registerDeadLetters,
  registerIntake,
  registerVerify,
  registerKeys,
  registerLogLevel,
  registerConfig,
]

/**
 * Runs what the arguments say (those after the script's name) and gives the exit code; never throws. The caller sets
 * `process.exitCode` with it, so that what was written to a pipe arrives.
 */
export const runProgram = async (program: Command, args: readonly string[], context: CliContext): Promise<number> => {
  context.stdout.on('error', readerLeft)
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return exitCodeOf(error, args.includes('--json'), context)
  }
}

/** `penstock status | head -1` closes the pipe when it has seen enough; that is no fault. */
const readerLeft = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error
}

const exitCodeOf = (error: unknown, json: boolean, context: CliContext): number => {
  if (error instanceof ExitCode) return error.exitCode
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2 // it has said what is wrong
  if (context.signal.aborted && isAbort(error, context.signal)) return 130
  const { code, message, details, requestId } = asClientError(error)
  if (json) sayJson(context.stdout, { error: { code, message, details, request_id: requestId } })
  say(context.stderr, `error: ${message}`)
  if (error instanceof ClientError && error.mistakes.length > 1)
    for (const mistake of error.mistakes) say(context.stderr, `  ${mistake.path}: ${mistake.message}`)
  return error instanceof UsageError ? 2 : 1
}

/** Work that was interrupted fails with the signal's reason, or with an error that has it as its cause. */
const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  error === signal.reason || (error instanceof Error && (error.name === 'AbortError' || error.cause === signal.reason))

const asClientError = (error: unknown): ClientError => {
  if (error instanceof ClientError) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unexpected'
  return new ClientError(0, code, error instanceof Error ? error.message : String(error), { cause: error })
}
