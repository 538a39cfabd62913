import { hash, randomBytes } from 'node:crypto'

/** The port to the keys of the API. Bodies are those of the API (snake_case), so nothing is mapped twice. */
export interface Keys {
  /** Makes a key; what it gives is the only place where the secret ever is. */
  create(request: KeyRequest): Promise<CreatedKey>
  /**
   * Those of a tenant, or of all, the newest first, revoked ones too: those after the key `after`; null where there is no
   * such key.
   */
  list(tenant: string | null, page: { readonly limit: number; readonly after: string | null }): Promise<KeyPage | null>
  /** False where there is no such key, or not of this tenant. From then on it is good nowhere: within seconds. */
  revoke(id: string, tenant: string | null): Promise<boolean>
}

export interface KeyRequest {
  readonly tenant: string
  readonly name: string
  readonly scopes: readonly KeyScope[]
  readonly expires_at: string | null
}

export type KeyScope = 'read' | 'ingest' | 'control' | 'metrics' | 'admin'

export interface KeyBody {
  readonly key_id: string
  /** How the key begins: enough to know it by, and of no use without the rest. */
  readonly prefix: string
  readonly tenant: string
  readonly name: string
  readonly scopes: readonly KeyScope[]
  readonly created_at: string
  readonly expires_at: string | null
  /** To about a minute. */
  readonly last_used_at: string | null
  readonly revoked_at: string | null
}

export interface KeyPage {
  readonly keys: readonly KeyBody[]
  /** Goes into `after` for the next page; null on the last. */
  readonly next: string | null
}

export interface CreatedKey extends KeyBody {
  readonly secret: string
}

/** A key that is good now. */
export interface GoodKey {
  readonly id: string
  readonly tenant: string
  readonly scopes: readonly KeyScope[]
}

export const prefixOf = (id: string): string => `pk_${id}_`

/** 256 random bits behind the id by which people and logs call the key. */
export const newSecret = (): { readonly id: string; readonly secret: string } => {
  const id = randomBytes(6).toString('hex')
  return { id, secret: prefixOf(id) + randomBytes(32).toString('base64url') }
}

/** Whether it could be one that `newSecret` made. */
export const isSecret = (text: string): boolean => /^pk_[0-9a-f]{12}_[\w-]{43}$/.test(text)

/** What is kept of a secret. It has 256 random bits, so nothing slower would be safer. */
export const digestOf = (secret: string): string => hash('sha256', secret)
