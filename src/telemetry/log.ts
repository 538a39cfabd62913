import { isatty } from 'node:tty'
import { type DestinationStream, destination, type Logger, type LoggerOptions, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { traceFields } from './log-trace.ts'
import { hideSecrets } from './secrets.ts'

/** What the configuration says of logs; the keys are those of `Config`. */
export interface LogConfig {
  readonly log: { readonly level: string; readonly format: 'auto' | 'json' | 'pretty' }
  readonly api: { readonly key: string | null }
  readonly access: { readonly adminKey: string | null }
  readonly openai: { readonly apiKey: string | null }
  readonly kafka: { readonly saslPassword: string | null }
  readonly database: { readonly url: string | null; readonly password: string | null }
  readonly registry: { readonly url: string | null; readonly password: string | null }
}

const standardError = 2

/** From the least severe; `silent` logs nothing. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type Level = (typeof levels)[number]

/**
 * The logger of a process. Lines go to standard error, so that the output of a command stays its own. Those of the
 * line carry kb_id, job_id, stage and lane, set on child loggers where they are known, and the ids of the span in which
 * they are written. Secrets are hidden in the
 * finished line, whatever field, message or cause of an error they came in with. `log-fields.ts` lists the fields.
 */
export const createLogger = (config: LogConfig, to?: DestinationStream): Logger => {
  const { level, format } = config.log
  const options: LoggerOptions = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    serializers: { err: described, error: described },
    mixin: traceFields,
    hooks: { streamWrite: hideSecrets(secretsOf(config)) },
    onChild: remember,
  }
  const output = to ?? destination({ fd: standardError, sync: true })
  if (writesJson(format)) return pino(options, output)
  const pretty = prettyFactory({ ignore: 'pid', colorize: isatty(standardError) && to === undefined })
  return pino(options, { write: line => output.write(pretty(line)) })
}

/** Child loggers that are in use; pino gives each the level of its parent once, when it is made. */
const children = new Set<WeakRef<Logger>>()
const forgotten = new FinalizationRegistry<WeakRef<Logger>>(child => children.delete(child))

const remember = (child: Logger): void => {
  const reference = new WeakRef(child)
  children.add(reference)
  forgotten.register(child, reference)
}

/** What must not be seen in anything that leaves the process for people. */
export const secretsOf = (config: LogConfig): readonly (string | null)[] => [
  config.openai.apiKey,
  config.api.key,
  config.access.adminKey,
  config.kafka.saslPassword,
  config.database.password,
  config.registry.password,
  passwordOf(config.database.url),
  passwordOf(config.registry.url),
]

/** Whether lines are JSON, for machines; else they are for people at a terminal. */
export const writesJson = (format: LogConfig['log']['format']): boolean =>
  format === 'json' || (format === 'auto' && !isatty(standardError))

/** Changes the level of a logger and of all child loggers of this process, from their next line on. */
export const changeLevel = (log: Logger, level: Level): void => {
  log.level = level
  for (const child of children) {
    const one = child.deref()
    if (one) one.level = level
  }
}

const passwordOf = (url: string | null): string | null => {
  const password = url === null ? '' : (URL.parse(url)?.password ?? '')
  return password === '' ? null : decodeURIComponent(password)
}

/** An error as a log shows it, with the chain of its causes; no other fields of it, which may be whole requests. */
const described = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error)) return error
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < 8 && { cause: described(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && depth < 8 && { errors: error.errors.map(one => described(one, depth + 1)) }),
  }
}
