import { isIP } from 'node:net'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from 'pino'
import { createKeyRing } from './access/key-ring.ts'
import { hasKeys } from './access/key-store.ts'
import type { Access } from './api/doors/access.ts'
import type { Config } from './config.ts'

/**
 * Who may call the API. Throws a sentence where it would listen for others than this machine, or is to want keys, and
 * there is none: nobody could call it, and the next thing somebody does would be to open it to all.
 */
export const accessOf = async (
  config: Pick<Config, 'api' | 'access'>,
  em: EntityManager,
  log: Logger,
): Promise<Access> => {
  const { requireKeys, adminKey, allowedHosts, allowedOrigins, rateLimit } = config.access
  const { host } = config.api
  const open = !wantsKeys(config)
  if (!open && adminKey === null && !(await hasKeys(em))) throw new Error(noKeys(host, requireKeys))
  const ring = createKeyRing({ em, adminKey, log })
  return {
    open,
    hosts: isIP(host) === 0 ? [host, ...allowedHosts] : allowedHosts,
    origins: allowedOrigins,
    perMinute: rateLimit,
    async find(secret, seenAlone) {
      const found = await ring.find(secret, seenAlone)
      return found && { tenant: found.tenant, scopes: found.scopes, key: found.id }
    },
  }
}

/** Whether the API wants a key with every call. */
export const wantsKeys = ({ api, access }: Pick<Config, 'api' | 'access'>): boolean =>
  access.requireKeys || !isLoopback(api.host)

/** Whether only this machine reaches what listens there. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

const noKeys = (host: string, asked: boolean): string =>
  `The API ${asked ? 'is to want keys' : `would listen on ${host}, where others reach it`}, and there is no key yet. ` +
  'Make one with `penstock keys create --name admin --scopes admin` while it runs on loopback, or with `--direct` ' +
  'against the database of DATABASE_URL; or set PENSTOCK_ADMIN_KEY to a secret of 32 characters or more.'
