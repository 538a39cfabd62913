import { expect, test } from 'vitest'
import type { CreatedKey, KeyRequest } from '../../src/access/keys.ts'
import { fakePorts } from '../api/fake-ports.ts'
import { penstock } from './run.ts'

const aKey = (over: Partial<CreatedKey> = {}): CreatedKey => ({
  ...{ key_id: '0123456789ab', prefix: 'pk_0123456789ab_', tenant: 'default', name: 'ci', scopes: ['read'] },
  ...{ created_at: '2026-11-25T12:00:00.000Z', expires_at: null, last_used_at: null, revoked_at: null },
  secret: 'pk_0123456789ab_secret',
  ...over,
})
const portsWith = () => {
  const made: KeyRequest[] = []
  const ports = fakePorts({
    keys: {
      async create(request) {
        made.push(request)
        return aKey(request)
      },
      async list(_, { after }) {
        const { secret: _secret, ...key } = aKey({ revoked_at: '2026-11-25T13:00:00.000Z' })
        return after === null
          ? { keys: [key], next: key.key_id }
          : { keys: [{ ...key, key_id: 'ba9876543210' }], next: null }
      },
      revoke: async id => id === '0123456789ab',
    },
  })
  return { ports, made }
}

test('keys create prints the key alone, so that it can go into a variable', async () => {
  const { ports, made } = portsWith()
  const { code, stdout, stderr } = await penstock(
    ports,
    ...['keys', 'create', '--name', 'ci', '--scopes', 'ingest,read', '--tenant', 'acme'],
  )
  expect([code, stdout]).toEqual([0, 'pk_0123456789ab_secret\n'])
  expect(stderr).toContain('not shown again')
  expect(made).toEqual([{ tenant: 'acme', name: 'ci', scopes: ['read', 'ingest'], expires_at: null }])
})

test('keys create knows which scopes there are', async () => {
  const { code, stderr } = await penstock(portsWith().ports, 'keys', 'create', '--name', 'ci', '--scopes', 'write')
  expect(code).toBe(2)
  expect(stderr).toContain('The scopes are read, ingest, control, metrics, admin.')
})

test('keys list tells which are good, and keys revoke which are not there', async () => {
  const { ports } = portsWith()
  const { stdout } = await penstock(ports, 'keys', 'list')
  expect(stdout).toMatch(/0123456789ab +default +read +revoked +never +ci/)
  expect(stdout).toContain('ba9876543210')
  expect((await penstock(ports, 'keys', 'revoke', '0123456789ab')).stdout).toBe('Key 0123456789ab is revoked.\n')
  expect(await penstock(ports, 'keys', 'revoke', 'nobodys')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no key 'nobodys'"),
  })
})
