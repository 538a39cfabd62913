import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { trace } from '@opentelemetry/api'
import { expect, test, vi } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { untraced } from '../../src/runtime/tracing.ts'
import { openTelemetry } from '../../src/telemetry/otel.ts'

const open = (env: Readonly<Record<string, string>>) => {
  const log = { warn: vi.fn(), info: vi.fn() }
  const { traces } = loadConfig({ env, cwd: '/' })
  return openTelemetry({ traces, log, version: '1', instance: 'test', secrets: ['canary-0known-0'] })
}

test('without a collector nothing is traced', async () => {
  expect((await open({})).tracing).toBe(untraced)
  expect((await open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' })).tracing).toBe(
    untraced,
  )
})

test('a collector that takes a connection and never answers does not hold up the end', async () => {
  const asked = Promise.withResolvers<string>()
  const server = createServer(({ url, headers }) => asked.resolve(`${url} ${headers['content-type']}`))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const telemetry = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/` })
  trace.getTracer('test').startSpan('one').end()
  const ended = telemetry.shutdown()
  expect(await asked.promise).toBe('/v1/traces application/x-protobuf')
  // Before the time is up that a batch has to arrive.
  await ended
  expect(telemetry.lost()).toBe(0)
  server.closeAllConnections()
  server.close()
})
