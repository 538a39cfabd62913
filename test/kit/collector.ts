import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A span as a collector got it. */
export interface GotSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  /** Empty for one that begins its trace. */
  readonly parentSpanId: string
  /** Of the process that made it. */
  readonly instance: string
  readonly failed: boolean
  readonly message: string
  readonly ms: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly string[]
  /** What its events tell beside their names. */
  readonly told: readonly Readonly<Record<string, unknown>>[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
}

/** An OpenTelemetry collector that keeps what it is sent over OTLP as JSON: what processes are given to send there. */
export const startCollector = async () => {
  const spans: GotSpan[] = []
  const server = createServer(async (request, response) => {
    for (const { resource, scopeSpans } of (JSON.parse(await text(request)) as Export).resourceSpans ?? [])
      for (const one of scopeSpans.flatMap(scope => scope.spans)) spans.push(gotSpan(resource, one))
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    spans,
    url,
    settings: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    ofTrace: (traceId: string) => spans.filter(span => span.traceId === traceId),
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
export type Collector = Awaited<ReturnType<typeof startCollector>>

interface Value {
  readonly stringValue?: string
  readonly intValue?: string | number
  readonly doubleValue?: number
  readonly boolValue?: boolean
}
type Pairs = readonly { readonly key: string; readonly value: Value }[]
interface SentSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: Pairs
  readonly status?: { readonly code?: number; readonly message?: string }
  readonly events?: readonly { readonly name: string; readonly attributes?: Pairs }[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
}
interface Export {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: Pairs }
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[]
  }[]
}

const plain = ({ stringValue, intValue, doubleValue, boolValue }: Value) =>
  stringValue ?? (intValue === undefined ? (doubleValue ?? boolValue) : Number(intValue))

const record = (pairs: Pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]))

const gotSpan = ({ attributes }: { readonly attributes: Pairs }, span: SentSpan): GotSpan => ({
  name: span.name,
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId ?? '',
  instance: String(record(attributes)['service.instance.id']),
  failed: span.status?.code === 2,
  message: span.status?.message ?? '',
  ms: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
  attributes: record(span.attributes),
  events: (span.events ?? []).map(({ name }) => name),
  told: (span.events ?? []).map(({ attributes }) => record(attributes ?? [])),
  links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
})
