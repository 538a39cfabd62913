import { readTraceparent } from '../schemas/trace-context.ts'
import { notFound } from './api-error.ts'
import type { ExplanationBody } from './contract/explain-routes.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** How a hit came about. */
export const explainHandlers = ({ explain, jaegerUrl }: ApiPorts): Pick<Handlers, 'explain'> => ({
  explain: {
    async answer({ params: { kb_id, id } }) {
      const found = await explain(kb_id, id)
      if (found === null) throw notFound(`chunk or document in ${kb_id}`, id)
      const { traceparent, origin, ...rest } = found
      const trace_id = readTraceparent(traceparent)?.traceId ?? null
      const trace_url = trace_id && jaegerUrl && `${jaegerUrl.replace(/\/$/, '')}/trace/${trace_id}`
      return { status: 200, body: { kb_id, ...rest, trace_id, trace_url, origin: originOf(origin) } }
    },
  },
})

/** From `topic/partition/offset`. */
const originOf = (origin: string | null): ExplanationBody['origin'] => {
  const [, topic, partition, offset] = /^([^/]+)\/(\d+)\/(\d+)$/.exec(origin ?? '') ?? []
  return topic === undefined ? null : { topic, partition: Number(partition), offset: Number(offset) }
}
