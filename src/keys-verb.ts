import pino from 'pino'
import { createKeys } from './access/key-store.ts'
import { ClientError } from './api/client.ts'
import type { Mistake } from './api/contract/errors.ts'
import { type CreatedKey, type KeyBodyRequest, keyRequest } from './api/contract/keys.ts'
import { check } from './api/mistakes.ts'
import type { Config } from './config.ts'
import { databaseConnection } from './connections.ts'
import { openDatabase } from './database.ts'
import { defaultTenant } from './schemas/tenants.ts'

/** `penstock keys create --direct`: the first key of an API that does not start without one. Refuses what the API would. */
export const createKeyDirectly = async (request: KeyBodyRequest, config: Config): Promise<CreatedKey> => {
  const checked = check(keyRequest, request, 'body')
  if (!checked.ok) throw invalid(checked.mistakes)
  const { name, scopes, tenant = defaultTenant, expires_in_days: days } = checked.value
  if (config.database.url === null)
    throw new Error(
      'Set DATABASE_URL to the database of the Penstock. The keys of `penstock up` are made while it runs.',
    )
  const database = await openDatabase({
    ...databaseConnection(config.database.url, config),
    ...{ poolMax: 1, log: pino({ level: 'silent' }) },
  })
  try {
    const expires_at = days === undefined ? null : new Date(Date.now() + days * 86_400_000).toISOString()
    return await createKeys(database.orm.em).create({ tenant, name, scopes, expires_at })
  } finally {
    await database.close()
  }
}

const invalid = (mistakes: readonly Mistake[]): ClientError =>
  new ClientError(0, 'invalid_request', mistakes.map(({ path, message }) => `${path}: ${message}`).join('; '), {
    details: { mistakes },
  })
