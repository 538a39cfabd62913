import type { Logger } from 'pino'
import { ExitCode } from './cli/context.ts'
import { messageOf } from './runtime/errors.ts'
import { type LogConfig, writesJson } from './telemetry/log.ts'

export interface LastWordsOptions {
  readonly log: Logger
  readonly config: Pick<LogConfig, 'log'>
  /** Work that ends since it was asked to has no error to tell. */
  readonly signal: AbortSignal
}

/**
 * Does the work of a process of roles. Where its log is JSON, what it ends of is a line of it, by the same schema and with
 * secrets hidden: exit code 1 is all that is left to say. At a terminal the error is told as those of all commands are. An
 * error that nobody caught ends the process, and is in the log in either case.
 */
export const withLastWords = async (
  { log, config, signal }: LastWordsOptions,
  work: () => Promise<void>,
): Promise<void> => {
  const tell = (error: unknown) => log.fatal({ operation: 'run', err: error }, `the process ends: ${messageOf(error)}`)
  const uncaught = (error: unknown) => {
    tell(error)
    process.exit(1)
  }
  process.on('uncaughtException', uncaught)
  try {
    await work()
  } catch (error) {
    if (signal.aborted || !log.isLevelEnabled('fatal') || !writesJson(config.log.format)) throw error
    tell(error)
    throw new ExitCode(1)
  } finally {
    process.off('uncaughtException', uncaught)
  }
}
