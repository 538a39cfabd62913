import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { KeyScope } from './keys.ts'

/** A key of the API; of its secret there is only the digest. */
export const ApiKeyRow = defineEntity({
  name: 'ApiKeyRow',
  tableName: 'api_key',
  properties: {
    id: p.text().primary(),
    tenant: p.text(),
    name: p.text(),
    /** SHA-256 of the secret, in hex. */
    digest: p.text(),
    scopes: p.json<readonly KeyScope[]>(),
    createdAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime().nullable(),
    lastUsedAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
  },
})
export type ApiKeyRow = InferEntity<typeof ApiKeyRow>

export const entities = [ApiKeyRow]
