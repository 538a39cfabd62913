import { expect, test } from 'vitest'
import { openModels } from '../../src/models/open.ts'

const config = {
  openai: { baseUrl: 'https://api.openai.com/v1', apiKey: null as string | null },
  embedding: { batch: 10, concurrency: 2, timeoutMs: 1000 },
}
const hashing = { provider: 'hashing', model: 'hashing-v1', dimensions: 64 } as const
const openai = { provider: 'openai', model: 'text-embedding-3-small', dimensions: 64 } as const

test('gives one embedder for equal settings, another for others', () => {
  const embedderFor = openModels(config)
  expect(embedderFor(hashing)).toBe(embedderFor({ ...hashing }))
  expect(embedderFor({ ...hashing, dimensions: 32 })).not.toBe(embedderFor(hashing))
  expect(embedderFor(hashing)).toMatchObject({ model: 'hashing-v1', dimensions: 64 })
})

test('opens a provider of the settings', () => {
  const embedderFor = openModels({ ...config, openai: { ...config.openai, apiKey: 'sk-some-key' } })
  expect(embedderFor(openai)).toMatchObject({ model: 'text-embedding-3-small', dimensions: 64 })
})

test('says what to do where the key is missing', () => {
  expect(() => openModels(config)(openai)).toThrow(
    expect.objectContaining({
      name: 'Fatal',
      code: 'no_api_key',
      message: 'Set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that wants no key, then retry.',
    }),
  )
})

test('wants no key for a server of your own', () => {
  const own = openModels({ ...config, openai: { baseUrl: 'http://127.0.0.1:8090/v1', apiKey: null } })
  expect(own(openai).dimensions).toBe(64)
})

test('refuses a hashing model of another version, whose vectors could not be compared', () => {
  expect(() => openModels(config)({ ...hashing, model: 'hashing-v0' })).toThrow(
    'The hashing provider has the model hashing-v1, not hashing-v0.',
  )
})
