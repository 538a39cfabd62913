import { ApiError, noSuchCursor, notFound } from './api-error.ts'
import { operator, type Principal } from './doors/access.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Making and revoking keys: of the own tenant, and for the operator of every one. */
export const keyHandlers = ({ keys }: ApiPorts): Pick<Handlers, 'keys' | 'createKey' | 'revokeKey'> => ({
  keys: {
    async answer({ query: { limit, after } }, { principal }) {
      const page = await keys.list(reach(principal), { limit, after: after ?? null })
      if (page === null) throw noSuchCursor('key')
      return { status: 200, body: page }
    },
  },
  createKey: {
    async answer({ body: { name, scopes, tenant, expires_in_days: days } }, { principal, log }) {
      if (tenant !== undefined && tenant !== principal.tenant && principal.tenant !== operator) throw operatorsOnly()
      const expires_at = days === undefined ? null : new Date(Date.now() + days * 86_400_000).toISOString()
      const made = await keys.create({ tenant: tenant ?? principal.tenant, name, scopes, expires_at })
      log.info({ key: made.key_id, by: principal.key, tenant: made.tenant, scopes }, 'a key was made')
      return { status: 201, body: made, headers: { 'Cache-Control': 'no-store' } }
    },
  },
  revokeKey: {
    async answer({ params: { key_id } }, { principal, log }) {
      if (!(await keys.revoke(key_id, reach(principal)))) throw notFound('key', key_id)
      log.info({ key: key_id, by: principal.key }, 'a key was revoked')
      return { status: 200, body: { key_id, revoked: true } }
    },
  },
})

/** null for all tenants. */
const reach = ({ tenant }: Principal): string | null => (tenant === operator ? null : tenant)

export const operatorsOnly = (): ApiError =>
  new ApiError(403, 'operators_only', 'This is about the whole installation: it needs a key of the tenant default.')
