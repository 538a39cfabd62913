import { expect, test } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { createKeyDirectly } from '../src/keys-verb.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'

const config = () => {
  const { folder, remove } = temporaryFolder('keys-verb')
  try {
    return loadConfig({ env: {}, cwd: folder })
  } finally {
    remove()
  }
}
const good = { name: 'ci', scopes: ['read'] } as const

test.each([
  ['tenant', { tenant: 'Acme Corp' }],
  ['expires_in_days', { expires_in_days: 0 }],
  ['expires_in_days', { expires_in_days: 999_999_999 }],
  ['name', { name: ' ' }],
])('a key with a wrong %s is refused before the database is looked for', async (path, wrong) => {
  const refused = createKeyDirectly({ ...good, scopes: ['read'], ...wrong }, config())
  await expect(refused).rejects.toMatchObject({ code: 'invalid_request', mistakes: [{ path }] })
})

test('without a database there is no place for it', async () => {
  await expect(createKeyDirectly({ ...good, scopes: ['read'] }, config())).rejects.toThrow('Set DATABASE_URL')
})
