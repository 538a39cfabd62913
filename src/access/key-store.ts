import { type EntityManager, raw } from '@mikro-orm/postgresql'
import { ApiKeyRow } from './entities.ts'
import { digestOf, type KeyBody, type Keys, newSecret, prefixOf } from './keys.ts'

/** The keys of the database. */
export const createKeys = (em: EntityManager): Keys => ({
  async create({ tenant, name, scopes, expires_at }) {
    const { id, secret } = newSecret()
    const fork = em.fork()
    const row = fork.create(ApiKeyRow, {
      ...{ id, tenant, name, scopes, digest: digestOf(secret) },
      expiresAt: expires_at === null ? null : new Date(expires_at),
    })
    await fork.flush()
    return { ...bodyOf(row), secret }
  },
  async list(tenant, { limit, after }) {
    const fork = em.fork()
    const own = tenant === null ? {} : { tenant }
    if (after !== null && (await fork.count(ApiKeyRow, { id: after, ...own })) === 0) return null
    const where = { ...own, ...(after === null ? {} : { id: { $in: raw(olderThan, [after]) } }) }
    const found = await fork.find(ApiKeyRow, where, {
      orderBy: { createdAt: 'desc', id: 'asc' },
      limit: limit + 1,
    })
    const keys = found.slice(0, limit).map(bodyOf)
    return { keys, next: found.length > limit ? keys.at(-1)!.key_id : null }
  },
  async revoke(id, tenant) {
    const found = await em.fork().execute<{ id: string }[]>(
      `update api_key set revoked_at = coalesce(revoked_at, now())
       where id = ? and (?::text is null or tenant = ?) returning id`,
      [id, tenant, tenant],
    )
    return found.length > 0
  },
})

/** In SQL, for times of the database are finer than those here. */
const olderThan = `(select k.id from api_key k, api_key last
  where last.id = ? and (k.created_at < last.created_at or (k.created_at = last.created_at and k.id > last.id)))`

/** Whether there is a key that is good now. */
export const hasKeys = async (em: EntityManager): Promise<boolean> => {
  const found = await em.fork().execute(`select from api_key where ${isGood} limit 1`)
  return found.length > 0
}

export const isGood = `revoked_at is null and (expires_at is null or expires_at > now())`

const bodyOf = (row: ApiKeyRow): KeyBody => ({
  key_id: row.id,
  prefix: prefixOf(row.id),
  tenant: row.tenant,
  name: row.name,
  scopes: row.scopes,
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt?.toISOString() ?? null,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
})
