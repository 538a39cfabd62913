import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAccess } from '../../src/api/doors/access.ts'
import { createServer } from '../../src/api/server.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { fakePorts } from './fake-ports.ts'

const { folder, remove } = temporaryFolder('console')
const consoleFolder = join(folder, 'console')

beforeAll(() => {
  mkdirSync(join(consoleFolder, 'assets'), { recursive: true })
  writeFileSync(join(consoleFolder, 'index.html'), '<title>Penstock</title>')
  writeFileSync(join(consoleFolder, 'assets', 'index-1234.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'not for anybody')
})
afterAll(remove)

/** What a server that wants keys answers to somebody without one. */
const get = async (url: string, folder: string | null = consoleFolder) => {
  const app = createServer(fakePorts({ consoleFolder: folder }), { ...openAccess, open: false })
  try {
    return await app.inject({ url, headers: { host: '127.0.0.1' } })
  } finally {
    await app.close()
  }
}

test('the console is there for whoever has no key, and what it shows is not', async () => {
  const page = await get('/console/')
  expect([page.statusCode, page.body]).toEqual([200, '<title>Penstock</title>'])
  expect(page.headers['content-type']).toContain('text/html')
  expect((await get('/api/ingestion/jobs')).statusCode).toBe(401)
})

test('the root and the path without its slash lead to it', async () => {
  for (const url of ['/', '/console']) {
    const { statusCode, headers } = await get(url)
    expect([statusCode, headers.location]).toEqual([302, '/console/'])
  }
})

test('no script but its own runs in it, and no other page shows it within', async () => {
  const { headers } = await get('/console/')
  expect(headers['content-security-policy']).toContain("default-src 'self'")
  expect(headers['content-security-policy']).not.toContain('unsafe')
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
})

test('files that are named by their contents are kept, the page is asked for each time', async () => {
  expect((await get('/console/assets/index-1234.js')).headers['cache-control']).toContain('immutable')
  expect((await get('/console/')).headers['cache-control']).toContain('no-cache')
})

test.each(['/console/../secret.txt', '/console/%2e%2e/secret.txt', '/console/..%2fsecret.txt', '/console/nothing.js'])(
  'nothing beside it is served: %s',
  async url => {
    const { statusCode, body } = await get(url)
    expect(statusCode).toBe(404)
    expect(body).not.toContain('not for anybody')
  },
)

test('where it was not built, it says how to build it', async () => {
  const answer = await get('/console/', null)
  expect([answer.statusCode, answer.json()]).toMatchObject([
    404,
    { error: { code: 'console_not_built', message: expect.stringContaining('npm run build:console') } },
  ])
})
