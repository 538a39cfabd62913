/** The keys of the API. */
import { z } from 'zod'
import type { CreatedKey as Created, KeyBody, KeyPage } from '../../access/keys.ts'
import { limit } from './requests.ts'
import { scopes } from './scopes.ts'

/** Whose knowledge bases are; chosen by the operator. */
export const tenantName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,63}$/,
    "must be 1 to 64 lower-case letters, digits, '-' or '_', beginning with a letter or a digit",
  )

const scopeList = z
  .array(z.enum(scopes))
  .min(1)
  .refine(list => new Set(list).size === list.length, { error: 'must not name a scope twice' })

export const keyRequest = z.strictObject({
  name: z.string().trim().min(1, 'must not be empty').max(100).describe('What it is for, to know it by.'),
  scopes: scopeList.describe('What it may do; `admin` may do all that the others may.'),
  tenant: tenantName
    .optional()
    .describe('Whose knowledge bases it opens; the own tenant unless stated. For keys of the tenant `default` alone.'),
  expires_in_days: z.int().min(1).max(3650).optional().describe('It is good until it is revoked unless stated.'),
})

const time = z.iso.datetime()
const keyFields = {
  key_id: z.string(),
  prefix: z.string().describe('How it begins.'),
  tenant: tenantName,
  name: z.string(),
  scopes: z.array(z.enum(scopes)).readonly(),
  created_at: time,
  expires_at: time.nullable(),
  last_used_at: time.nullable().describe('To about a minute.'),
  revoked_at: time.nullable(),
}
const keyBody = z.object(keyFields) satisfies z.ZodType<KeyBody>

export const createdKey = z.object({
  ...keyFields,
  secret: z.string().describe('The key itself. It is told this once, and kept nowhere.'),
}) satisfies z.ZodType<Created>
export const keyList = z.object({
  keys: z.array(keyBody).readonly(),
  next: z.string().nullable().describe('`after` of the next page; null on the last one.'),
}) satisfies z.ZodType<KeyPage>
export const keysQuery = z.strictObject({
  limit: limit(50, 500),
  after: z.string().min(1).max(64).optional().describe('`next` of the page before.'),
})
export const byKey = z.strictObject({ key_id: z.string().min(1).max(64) })
export const keyRevoked = z.object({ key_id: z.string(), revoked: z.literal(true) })

export type KeyBodyRequest = z.input<typeof keyRequest>
export type CreatedKey = z.output<typeof createdKey>
export type KeyList = z.output<typeof keyList>
