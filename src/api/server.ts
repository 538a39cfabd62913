/** The HTTP API: the table of routes with a handler for each. It knows ports only; composition listens and closes. */
import etag from '@fastify/etag'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { requestIdOf } from '../telemetry/request-id.ts'
import { ApiError, invalidRequest } from './api-error.ts'
import { refuseBadHttp } from './bad-http.ts'
import { serveConsole } from './console.ts'
import type { Mistake } from './contract/errors.ts'
import { kbId } from './contract/requests.ts'
import type { Route } from './contract/route.ts'
import { routeScopes } from './contract/route-scopes.ts'
import { type RouteName, routes } from './contract/routes.ts'
import { type Access, openAccess } from './doors/access.ts'
import { guardDoors } from './doors/doors.ts'
import { asApiError, errorBodyOf } from './errors.ts'
import type { Exchange, Handler, Handlers } from './handler.ts'
import { handlersFor } from './handlers.ts'
import { meterRequests, serveMetrics } from './metrics.ts'
import { check } from './mistakes.ts'
import { exchangeOf, guardSlow, takeOctets } from './octets.ts'
import { onceOf } from './once.ts'
import type { ApiPorts } from './ports.ts'
import { serveReference } from './reference.ts'
import { traced } from './traced.ts'

/** Bytes; the largest request is a list of 32 sources. */
const bodyLimit = 1024 * 1024
/** Of which the handlers are kept; those of others are made again. */
const mostTenants = 256

/** `portsOf` gives what is a tenant's own; what belongs to none is that of `ports`. */
export const createServer = (
  ports: ApiPorts,
  access: Access = openAccess,
  portsOf: (tenant: string) => ApiPorts = () => ports,
): FastifyInstance => {
  const app: FastifyInstance = Fastify({
    loggerInstance: ports.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    requestTimeout: 0,
    clientErrorHandler: refuseBadHttp,
    bodyLimit,
    forceCloseConnections: true,
    requestIdHeader: false,
    routerOptions: { maxParamLength: 1024 },
    genReqId: ({ headers }) => requestIdOf(headers),
    frameworkErrors: (error, request, reply) => refuse(request, reply, error),
  })
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('X-Request-ID', request.id)
  })
  app.setErrorHandler((error, request, reply) => refuse(request, reply, error))
  guardSlow(app)
  meterRequests(app, ports)
  guardDoors(app, access)
  app.setNotFoundHandler((request, reply) => refuse(request, reply, nothingHere(request)))

  const ofTenants = new LRUCache<string, Handlers>({ max: mostTenants })
  const handlersOf = (tenant: string): Handlers => {
    const handlers = ofTenants.get(tenant) ?? handlersFor(portsOf(tenant))
    ofTenants.set(tenant, handlers)
    return handlers
  }
  const serve = (on: FastifyInstance, those: (route: Route) => boolean) => {
    for (const [name, route] of Object.entries<Route>(routes)) {
      if (!those(route)) continue
      on.route({
        method: route.method,
        url: urlOf(route),
        // Nobody would read the stream, nor close it.
        exposeHeadRoute: route.method === 'GET' && !route.streams,
        config: { octets: route.octets ?? false, scope: routeScopes[name as RouteName] },
        handler: async (request, reply) => {
          const handler = handlersOf(request.principal.tenant)[name as RouteName] as unknown as UncheckedHandler
          const { status, headers, body } = await traced(route, request, async trace => {
            const exchange = exchangeOf(request, route.idempotent ? onceOf(request) : null, trace)
            return handler.answer(await inputOf(route, handler, request, exchange), exchange)
          })
          return reply
            .code(status)
            .headers(headers ?? {})
            .send(body)
        },
      })
    }
  }
  app.register(async reads => {
    reads.addHook('onSend', async (request, reply) => {
      // An error is told, whatever the caller has.
      if (reply.statusCode >= 400) delete request.headers['if-none-match']
    })
    await reads.register(etag)
    serve(reads, ({ method }) => method === 'GET')
    serveReference(reads, ports.version)
    serveMetrics(reads, ports)
  })
  serveConsole(app, ports)
  serve(app, ({ method, octets }) => method !== 'GET' && octets === undefined)
  app.register(async files => {
    takeOctets(files)
    serve(files, ({ octets }) => octets === true)
  })
  return app
}

/** What a handler is once its route's types are forgotten; `inputOf` gives it what its schemas promise. */
type UncheckedHandler = Pick<Handler<'ingest'>, 'examine'> & {
  answer(
    input: unknown,
    exchange: Parameters<Handler<'ingest'>['answer']>[1],
  ): Promise<{
    status: number
    body: unknown
    headers?: Readonly<Record<string, string>>
  }>
}

/** The one place where requests are checked: every part by its schema, then what no schema sees, all at once. */
const inputOf = async (
  route: Route,
  handler: UncheckedHandler,
  request: FastifyRequest,
  exchange: Exchange,
): Promise<unknown> => {
  const mistakes: Mistake[] = []
  const input: Record<string, unknown> = {}
  const part = (name: 'params' | 'query' | 'body', schema: z.ZodType | undefined, raw: unknown) => {
    if (schema === undefined) return
    const checked = check(schema, raw, name)
    if (checked.ok) input[name] = checked.value
    else mistakes.push(...checked.mistakes)
  }
  part('params', route.params, paramsOf(route, request))
  part('query', route.query, request.query)
  part('body', route.body, request.body ?? (route.bodyOptional ? {} : request.body))
  if (handler.examine !== undefined)
    mistakes.push(...(await handler.examine(request.body, mistakes, exchange, kbOf(input.params, request.body))))
  if (mistakes.length > 0) throw invalidRequest(mistakes)
  return input
}

const namesKb = z.object({ kb_id: kbId })

/** The knowledge base that a request names in its path or its body. */
const kbOf = (params: unknown, body: unknown): string | null =>
  (namesKb.safeParse(params).data ?? namesKb.safeParse(body).data)?.kb_id ?? null

/** As the router writes it. */
const urlOf = ({ path, pathRest }: Route): string =>
  (pathRest ? path.replace(/\{\w+\}$/, '*') : path).replace(/\{(\w+)\}/g, ':$1')

const paramsOf = ({ path, pathRest }: Route, { params }: FastifyRequest): unknown => {
  if (!pathRest) return params
  const { '*': rest, ...others } = params as Readonly<Record<string, string>>
  return { ...others, [/(\w+)\}$/.exec(path)![1]!]: rest }
}

const refuse = (request: FastifyRequest, reply: FastifyReply, thrown: unknown): void => {
  const error = asApiError(thrown)
  if (error.status >= 500) request.log.error({ err: thrown, code: error.code, url: request.url }, error.message)
  reply.code(error.status).header('X-Request-ID', request.id).headers(error.headers)
  reply.send(errorBodyOf(error, request.id))
}

const nothingHere = ({ method, url }: FastifyRequest): ApiError => {
  const path = url.split('?', 1)[0] ?? url
  const methods = Object.values<Route>(routes)
    .filter(route =>
      new RegExp(
        `^${(route.pathRest ? route.path.replace(/\{\w+\}$/, '.+') : route.path).replace(/\{\w+\}/g, '[^/]+')}$`,
      ).test(path),
    )
    .map(route => route.method)
  if (methods.length === 0)
    return new ApiError(404, 'no_such_route', `There is nothing at ${path}; /openapi.json lists what there is.`)
  return new ApiError(405, 'method_not_allowed', `${method} is not possible here; ${methods.join(' and ')} is.`, {
    headers: { Allow: methods.join(', ') },
  })
}
