import type { EntityManager } from '@mikro-orm/postgresql'
import { LRUCache } from 'lru-cache'
import { defaultTenant } from '../schemas/tenants.ts'
import { isGood } from './key-store.ts'
import { digestOf, type GoodKey, isSecret, type KeyScope } from './keys.ts'

/** How long a key is taken for good, or for bad, without asking: so long it may outlive its revocation, in ms. */
const trustMs = 2_000
const mostKeys = 10_000
/** Seconds between two notes of when a key was used last. */
const noteEvery = 60

interface KeyRingOptions {
  readonly em: EntityManager
  /** A key of the settings, which is in no table. */
  readonly adminKey: string | null
  /** Told of what is not worth failing a request for. */
  readonly log: { warn(about: object, message: string): void }
}

/** Finds whose a secret is. Each process of the API has one. */
export const createKeyRing = ({ em, adminKey, log }: KeyRingOptions) => {
  /** Keys that were good, with when that was asked last. Apart from bad ones, which anybody can make up. */
  const good = new LRUCache<string, { readonly key: GoodKey; readonly at: number }>({ max: mostKeys })
  const bad = new LRUCache<string, true>({ max: mostKeys, ttl: trustMs })
  const asking = new Map<string, Promise<GoodKey | null>>()
  const admin = adminKey === null ? null : digestOf(adminKey)
  const look = async (digest: string): Promise<GoodKey | null> => {
    const [row] = await em
      .fork()
      .execute<{ id: string; tenant: string; scopes: readonly KeyScope[]; stale: boolean }[]>(
        `select id, tenant, scopes, coalesce(last_used_at < now() - make_interval(secs => ${noteEvery}), true) as stale
       from api_key where digest = ? and ${isGood}`,
        [digest],
      )
    if (!row) return null
    if (row.stale) note(row.id)
    return { id: row.id, tenant: row.tenant, scopes: row.scopes }
  }
  /** Nobody waits for it. */
  const note = (id: string): void => {
    em.fork()
      .execute('update api_key set last_used_at = now() where id = ?', [id])
      .catch(error => log.warn({ err: error, key: id }, 'when a key was used last could not be noted'))
  }
  const ask = async (digest: string): Promise<GoodKey | null> => {
    const at = performance.now()
    const key = await look(digest)
    if (key === null) {
      good.delete(digest)
      bad.set(digest, true)
    } else good.set(digest, { key, at })
    return key
  }
  return {
    /**
     * null where it is nobody's, or no longer. With `seenAlone`, also where it was not good here before: the database is
     * not asked about it then.
     */
    async find(secret: string, seenAlone = false): Promise<GoodKey | null> {
      const digest = digestOf(secret)
      if (digest === admin) return { id: 'PENSTOCK_ADMIN_KEY', tenant: defaultTenant, scopes: ['admin'] }
      if (!isSecret(secret) || bad.has(digest)) return null
      const seen = good.get(digest)
      if (seen !== undefined && performance.now() - seen.at < trustMs) return seen.key
      if (seen === undefined && seenAlone) return null
      const looking = asking.get(digest) ?? ask(digest).finally(() => asking.delete(digest))
      asking.set(digest, looking)
      return looking
    },
  }
}
