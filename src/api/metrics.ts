import type { FastifyInstance } from 'fastify'
import { operator } from './doors/access.ts'
import type { Handlers } from './handler.ts'
import { operatorsOnly } from './keys.ts'
import type { ApiPorts } from './ports.ts'

/**
 * `GET /metrics` of the process of the API, in the text format of Prometheus; it is no JSON, so it is no route of the table.
 * Where there are keys it is for those of the operator with the scope `metrics`: it tells of all tenants.
 */
export const serveMetrics = (app: FastifyInstance, { metrics }: ApiPorts): void => {
  app.get('/metrics', { config: { scope: 'metrics' } }, async (request, reply) => {
    if (request.principal.tenant !== operator) throw operatorsOnly()
    const text = await metrics.text()
    return reply.header('Content-Type', metrics.contentType).header('Cache-Control', 'no-store').send(text)
  })
}

/** Counts what is answered, by the path as the router has it: one that nobody made up. */
export const meterRequests = (app: FastifyInstance, { meter }: ApiPorts): void => {
  app.addHook('onResponse', async (request, reply) => {
    const streams = String(reply.getHeader('content-type')).startsWith('text/event-stream')
    meter.answered({
      method: request.method,
      route: request.routeOptions.url?.replace(/:(\w+)/g, '{$1}') ?? 'none',
      status: reply.statusCode,
      seconds: streams ? null : reply.elapsedTime / 1000,
    })
  })
}

export const metricsHandlers = ({ metricsTargets }: ApiPorts): Pick<Handlers, 'metricsTargets'> => ({
  metricsTargets: {
    async answer() {
      return { status: 200, body: [{ targets: [...metricsTargets], labels: { job: 'penstock' } }] }
    },
  },
})
