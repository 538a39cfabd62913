import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Once } from '../coordinator/jobs.ts'
import { refuseBadHttp } from './bad-http.ts'
import type { Exchange, RequestTrace } from './handler.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes a file as its body. */
    octets?: boolean
  }
}

/** Bodies of these routes are files: any type, not read before the handler does. */
export const takeOctets = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
}

export const exchangeOf = (request: FastifyRequest, once: Once | null, trace: RequestTrace): Exchange => ({
  ...{ principal: request.principal, stillMay: () => request.stillMay(), once, trace },
  ...{ signal: request.signal, log: request.log, announced: Number(request.headers['content-length'] ?? 0) },
  ...(request.routeOptions.config.octets ? { octets: (request.body as Readable | undefined) ?? request.raw } : {}),
})

const patienceMs = 60_000

/** A request must arrive whole within a minute, but for files, which may be long and are watched for themselves. */
export const guardSlow = (app: FastifyInstance): void => {
  const waiting = new WeakMap<FastifyRequest, NodeJS.Timeout>()
  app.addHook('onRequest', async request => {
    if (request.routeOptions.config?.octets) return
    const { socket } = request.raw
    const refuse = () => refuseBadHttp(Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket)
    waiting.set(request, setTimeout(refuse, patienceMs).unref())
  })
  const arrived = async (request: FastifyRequest) => clearTimeout(waiting.get(request))
  app.addHook('preValidation', arrived)
  app.addHook('onResponse', arrived)
  app.addHook('onRequestAbort', arrived)
}
