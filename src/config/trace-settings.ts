import { z } from 'zod'
import { setting, unset } from './define.ts'
import { decimal, flag, integer, oneOf, text, url } from './values.ts'

const web = () => url(['http:', 'https:'], 'no password').nullable().default(unset)

/** Where traces go and which of them. The variables are OpenTelemetry's own where it has one. */
export const traceSettings = z.object({
  endpoint: setting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    web(),
    'The OpenTelemetry collector, or Jaeger, that traces go to, as http://localhost:4318; nothing is traced without it.',
  ),
  tracesEndpoint: setting(
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    web(),
    'The same for traces alone, with its path: http://localhost:4318/v1/traces.',
  ),
  protocol: setting(
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    oneOf('http/protobuf', 'http/json').default('http/protobuf'),
    'How they are sent.',
  ),
  disabled: setting('OTEL_SDK_DISABLED', flag().default(false), 'Nothing is traced, whatever else is set.'),
  serviceName: setting('OTEL_SERVICE_NAME', text().default('penstock'), 'The name under which they are found.'),
  sampler: setting(
    'OTEL_TRACES_SAMPLER',
    oneOf(
      ...(['always_on', 'always_off', 'traceidratio'] as const),
      ...(['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const),
    ).default('parentbased_traceidratio'),
    'Which traces are kept whole; of the others, spans that fail or are slow, unless always_off.',
  ),
  ratio: setting(
    'OTEL_TRACES_SAMPLER_ARG',
    decimal(0, 1).default(1),
    'The share of traces that the sampler keeps whole, by their trace id, so that all services keep the same ones.',
  ),
  slowMs: setting(
    'PENSTOCK_TRACES_SLOW_MS',
    integer(0, 86_400_000).default(10_000),
    'A span that takes as long as this is kept although its trace is not, in ms.',
  ),
  jaegerUrl: setting(
    'PENSTOCK_JAEGER_URL',
    web(),
    'Where people see traces, as http://localhost:16686: `penstock explain` prints links that lead there.',
  ),
})
