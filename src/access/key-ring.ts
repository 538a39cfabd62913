import type { EntityManager } from '@mikro-orm/postgresql'
import { LRUCache } from 'lru-cache'
import { defaultTenant } from '../schemas/tenants.ts'
import { isGood } from './key-store.ts'
import { digestOf, type GoodKey, type KeyScope } from './keys.ts'

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
  const asked = new LRUCache<string, Promise<GoodKey | null>>({ max: mostKeys, ttl: trustMs })
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
  return {
    /** null where it is nobody's, or no longer. */
    async find(secret: string): Promise<GoodKey | null> {
      const digest = digestOf(secret)
      if (digest === admin) return { id: 'PENSTOCK_ADMIN_KEY', tenant: defaultTenant, scopes: ['admin'] }
      const known = asked.get(digest)
      if (known !== undefined) return known
      const looking = look(digest)
      asked.set(digest, looking)
      looking.catch(() => asked.delete(digest))
      return looking
    },
  }
}
