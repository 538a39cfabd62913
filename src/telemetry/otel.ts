import type { Logger } from 'pino'
import { type Tracing, untraced } from '../runtime/tracing.ts'
import { hideSecrets } from './secrets.ts'
import type { TracesConfig } from './traces-config.ts'

export interface TelemetryOptions {
  readonly traces: TracesConfig
  readonly log: Pick<Logger, 'warn' | 'info'>
  readonly version: string
  /** Names this process. */
  readonly instance: string
  /** Hidden in spans, beside what has the shape of a secret. */
  readonly secrets: readonly (string | null)[]
}

export interface Telemetry {
  /** Of slices; records nothing where nothing is traced. */
  readonly tracing: Tracing
  /** Spans that did not arrive, since the start of the process. */
  lost(): number
  /** Sends what waits, for a second at most. Never throws. */
  shutdown(): Promise<void>
}

/** Spans that wait or are on their way: some 4 MB. */
const mostSpans = 4_096

const shutdownWithinMs = 1_000

/** Where nothing is traced. */
export const noTelemetry: Telemetry = { tracing: untraced, lost: () => 0, shutdown: async () => undefined }

/**
 * Starts traces where a collector is named, and loads nothing of them elsewhere. The first thing a process does after it
 * has read its settings. Nothing waits for the collector: what it does not take is dropped, counted and said once.
 */
export const openTelemetry = async ({
  traces,
  log,
  version,
  instance,
  secrets,
}: TelemetryOptions): Promise<Telemetry> => {
  const url = traces.tracesEndpoint ?? (traces.endpoint && `${traces.endpoint.replace(/\/$/, '')}/v1/traces`)
  if (url === null || traces.disabled) return noTelemetry
  const [{ startSdk }, { tracing }] = await Promise.all([import('./sdk.ts'), import('./slice-spans.ts')])
  const keep = {
    slowMs: traces.slowMs,
    most: mostSpans,
    lost: (why: string) =>
      log.warn(
        { operation: 'traces', url },
        `Traces do not arrive at ${url} and are dropped: ${why}. Nothing waits for them.`,
      ),
    found: (spans: number) =>
      log.info({ operation: 'traces', url, lost: spans }, `Traces arrive again; ${spans} spans were dropped.`),
  }
  const sdk = startSdk({ traces, url, version, instance, keep, hide: hideSecrets(secrets) })
  return {
    tracing,
    lost: sdk.lost,
    async shutdown() {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, shutdownWithinMs)
      const ended = sdk
        .shutdown()
        .catch((error: unknown) => log.info({ operation: 'traces', err: error }, 'the last traces did not arrive'))
      await Promise.race([ended, late])
      clearTimeout(timer)
    },
  }
}
