import { defaultTenant } from '../../schemas/tenants.ts'
import type { Scope } from '../contract/scopes.ts'

/** Who asks: the tenant whose things are seen, and what may be done with them. */
export interface Principal {
  readonly tenant: string
  readonly scopes: readonly Scope[]
  /** The id of its key; null where none is needed. */
  readonly key: string | null
}

/** What the doors go by. */
export interface Access {
  /** Who asks without a key may do all: the API listens on loopback alone, and nobody said that it wants keys. */
  readonly open: boolean
  /** Names by which the API is called beside those of loopback and the address of the connection. */
  readonly hosts: readonly string[]
  /** Origins of other sites whose pages may call it, such as `https://console.example.org`. */
  readonly origins: readonly string[]
  /** Requests a minute of one key, and of one address while it shows no key that is good; 0 for no limit. */
  readonly perMinute: number
  /**
   * Whose key it is; null where it is nobody's, or no longer. With `seenAlone`, also where it was not good here before:
   * nothing but memory is asked about it then.
   */
  find(secret: string, seenAlone?: boolean): Promise<Principal | null>
}

/** The tenant of whoever needs no key, and of the operator of the installation. */
export const operator = defaultTenant

export const everything: Principal = { tenant: operator, scopes: ['admin'], key: null }

/** Loopback without keys or limits. */
export const openAccess: Access = { open: true, hosts: [], origins: [], perMinute: 0, find: async () => null }
