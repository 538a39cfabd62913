import { type Config, loadConfig } from './config.ts'
import { processName } from './process-name.ts'
import { createLogger, secretsOf } from './telemetry/log.ts'
import { openTelemetry } from './telemetry/otel.ts'
import { version } from './version.ts'

/** What a process of roles does first: its settings, its log, and its traces, before anything that might be traced. */
export const openProcess = async (config: Config = loadConfig()) => {
  const log = await createLogger(config)
  return {
    config,
    log,
    telemetry: await openTelemetry({
      traces: config.traces,
      log,
      version,
      instance: processName,
      secrets: secretsOf(config),
    }),
  }
}
