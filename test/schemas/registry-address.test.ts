import { expect, test } from 'vitest'
import { openCodec } from '../../src/schemas/registry.ts'
import { registryAddress } from '../../src/schemas/registry-address.ts'
import { documents } from '../../src/schemas/topics.ts'
import { freePort } from '../../src/supervisor/ports.ts'

test('a registry is asked without what stands before its host, which is sent apart', () => {
  expect(registryAddress('https://some%40one:p%3Ass@registry.example.org/apis/ccompat/v7/')).toEqual({
    base: 'https://registry.example.org/apis/ccompat/v7',
    auth: { username: 'some@one', password: 'p:ss' },
  })
  expect(registryAddress('http://127.0.0.1:8081')).toEqual({ base: 'http://127.0.0.1:8081', auth: null })
})

test('the password of a registry is in no error', async () => {
  const url = `http://someone:canary@127.0.0.1:${await freePort()}`
  const error: Error = await openCodec({ url, topics: [documents], patienceMs: 1 }).catch(thrown => thrown)
  expect(error.message).toContain('The schema registry at http://127.0.0.1:')
  expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toContain('canary')
})
