import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  createAlwaysRecordSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import { documentIds } from './document-ids.ts'
import { hiding } from './hiding.ts'
import { counted, type KeepingOptions, keeping, Outbox } from './keeping.ts'
import type { TracesConfig } from './traces-config.ts'

export interface SdkOptions {
  readonly traces: TracesConfig
  /** Where they are sent, with its path. */
  readonly url: string
  readonly version: string
  /** Names this process. */
  readonly instance: string
  readonly keep: KeepingOptions
  /** Hides secrets in a text. */
  hide(text: string): string
}

/** From sending a batch to its answer, repeated tries included, in ms. */
const sendWithinMs = 5_000
/** How long a batch waits to be fuller, in ms. */
const batchMs = 1_000
const batchSpans = 512

/** Starts the SDK in this process. */
export const startSdk = ({ traces, url, version, instance, keep, hide }: SdkOptions) => {
  const outbox = new Outbox(keep)
  const Exporter = traces.protocol === 'http/json' ? JsonExporter : ProtobufExporter
  const batches = new BatchSpanProcessor({
    exporter: counted(new Exporter({ url, timeoutMillis: sendWithinMs }), outbox),
    maxQueueSize: keep.most,
    maxExportBatchSize: batchSpans,
    scheduledDelayMillis: batchMs,
    exportTimeoutMillis: 2 * sendWithinMs,
  })
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: traces.serviceName,
      [ATTR_SERVICE_VERSION]: version,
      [ATTR_SERVICE_INSTANCE_ID]: instance,
    }),
    sampler: samplerOf(traces),
    idGenerator: documentIds,
    spanProcessors: [keeping(hiding(batches, hide), outbox, keep)],
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  return { lost: () => outbox.lost, shutdown: () => sdk.shutdown() }
}

/** What is not sampled is recorded all the same, so that its end can tell whether it is worth keeping. */
const samplerOf = ({ sampler, ratio }: TracesConfig): Sampler => {
  if (sampler === 'always_off') return new AlwaysOffSampler()
  const root = rootSampler(sampler.replace('parentbased_', ''), ratio)
  return createAlwaysRecordSampler(sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root)
}

const rootSampler = (name: string, ratio: number): Sampler => {
  if (name === 'always_on') return new AlwaysOnSampler()
  return name === 'always_off' ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(ratio)
}
