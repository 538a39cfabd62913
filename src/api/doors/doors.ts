import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError } from '../api-error.ts'
import { allows, type Scope } from '../contract/scopes.ts'
import { type Access, everything, type Principal } from './access.ts'
import { hostOf, isOurs } from './host.ts'
import { isCrossSite } from './origin.ts'
import { createRates, networkOf, type Rates } from './rates.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key needs for the route; `admin` where nothing is said. */
    scope?: Scope | 'open'
  }
  interface FastifyRequest {
    principal: Principal
    /** Asks again, once the answer has begun, whether whoever asked still may. Rejects where nobody can say. */
    stillMay(): Promise<boolean>
  }
}

/** What browsers are told of every answer; a page says what else it needs. */
const headers = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'private, no-cache',
} as const

/** For the pages of a site that may call the API: that they may read the answer (CORS). */
const forPages = (origin: string) => ({
  ...{ 'Access-Control-Allow-Origin': origin, Vary: 'Origin', 'Cross-Origin-Resource-Policy': 'cross-origin' },
  'Access-Control-Expose-Headers': 'ETag, Location, Retry-After, X-Request-ID',
})
const preflight = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID',
  'Access-Control-Max-Age': '600',
}

/**
 * Whatever comes in passes here, before anything of its body is read: that it is meant for this API, that no page of
 * another site sent it, who asks, how often, and whether that key may.
 */
export const guardDoors = (app: FastifyInstance, access: Access): void => {
  const [strangers, known] = [createRates(access.perMinute), createRates(access.perMinute)]
  app.decorateRequest('principal', null as unknown as Principal)
  app.decorateRequest('stillMay', null as unknown as FastifyRequest['stillMay'])
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers)
    const { host } = request.headers
    const name = hostOf(host)
    if (name === null || !isOurs(name, request.socket.localAddress, access.hosts)) throw wrongHost(host)
    if (isCrossSite(request.method, request.headers, access.origins)) throw crossSite()
    const { origin } = request.headers
    if (origin === undefined || !access.origins.includes(origin)) return undefined
    reply.headers(forPages(origin))
    return request.method === 'OPTIONS' ? reply.code(204).headers(preflight).send() : undefined
  })
  app.addHook('onRequest', async request => {
    request.principal = await principalOf(request, access, strangers)
    if (request.principal.key !== null) await known.count(request.principal.key)
    mayPass(request)
    request.stillMay = () => stillMay(request, access)
  })
}

const nobody: Principal = { tenant: '', scopes: [], key: null }

/**
 * A key that is shown counts, wherever it is shown; an address pays for each request that has no good one. Once it has
 * no more to pay with, the database is asked about no key of its that is new.
 */
const principalOf = async (request: FastifyRequest, access: Access, strangers: Rates): Promise<Principal> => {
  const { authorization } = request.headers
  const isOpen = request.is404 || request.routeOptions.config.scope === 'open'
  if (authorization === undefined && access.open) return everything
  if (isOpen) return nobody
  const secret = secretOf(authorization)
  const address = networkOf(request.ip)
  const found = secret === undefined ? null : await access.find(secret, await strangers.isSpent(address))
  if (found !== null) return found
  await strangers.count(address)
  throw authorization === undefined
    ? unauthenticated('no_key', needsKey)
    : unauthenticated('bad_key', 'There is no such key, or it was revoked. `penstock keys create` makes another.')
}

const needsKey =
  'This needs a key: send Authorization: Bearer KEY, which the command line takes from PENSTOCK_API_KEY. `penstock keys create` makes one.'

const secretOf = (authorization: string | undefined): string | undefined =>
  /^Bearer +(\S{1,512})$/i.exec(authorization ?? '')?.[1]

const stillMay = async ({ headers, routeOptions, principal }: FastifyRequest, access: Access): Promise<boolean> => {
  const secret = secretOf(headers.authorization)
  if (principal.key === null || secret === undefined) return true
  const found = await access.find(secret)
  return found !== null && opens(found, scopeOf(routeOptions))
}

/** What a route wants that says nothing of it is the most. */
const scopeOf = ({ config }: FastifyRequest['routeOptions']): Scope | 'open' => config?.scope ?? 'admin'

const opens = ({ scopes }: Principal, needed: Scope | 'open'): boolean => needed === 'open' || allows(scopes, needed)

const mayPass = ({ is404, routeOptions, principal }: FastifyRequest): void => {
  const needed = scopeOf(routeOptions)
  if (is404 || opens(principal, needed)) return
  throw new ApiError(403, 'scope_missing', `The key does not have the scope ${needed}, which this needs.`, {
    details: { needed, scopes: principal.scopes },
  })
}

const unauthenticated = (code: 'no_key' | 'bad_key', message: string): ApiError =>
  new ApiError(401, code, message, { headers: { 'WWW-Authenticate': 'Bearer realm="penstock"' } })

const wrongHost = (host: string | undefined): ApiError =>
  new ApiError(
    421,
    'wrong_host',
    `The API is not called ${JSON.stringify(host ?? '')}. If it should be, add the name to PENSTOCK_ALLOWED_HOSTS.`,
  )

const crossSite = (): ApiError =>
  new ApiError(
    403,
    'cross_site',
    'A page of another site sent this. If that site may, add its origin to PENSTOCK_ALLOWED_ORIGINS.',
  )
