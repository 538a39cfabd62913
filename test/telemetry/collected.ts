import { afterAll, beforeAll } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { openTelemetry, type Telemetry } from '../../src/telemetry/otel.ts'
import { type Collector, startCollector } from '../kit/collector.ts'
import { silent } from '../kit/log.ts'

/** The SDK in this process, which has one, and a collector that gets what it sends. Call it once in a file of tests. */
export const useCollected = () => {
  let collector: Collector
  let telemetry: Telemetry
  beforeAll(async () => {
    collector = await startCollector()
    const { traces } = loadConfig({ env: collector.settings, cwd: '/' })
    telemetry = await openTelemetry({
      traces,
      log: silent,
      version: '1',
      instance: 'test',
      secrets: ['canary-0known-0'],
    })
  })
  afterAll(async () => {
    await telemetry?.shutdown()
    await collector?.close()
  })
  return {
    get spans() {
      return collector.spans
    },
    get tracing() {
      return telemetry.tracing
    },
  }
}
