import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Client, createClient } from '../../src/api/client.ts'
import { createServer } from '../../src/api/server.ts'
import { uploadFolder } from '../../src/uploads/upload-folder.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { until } from '../kit/until.ts'
import { fakePorts } from './fake-ports.ts'

const maxBytes = 1024 * 1024
let made: ReturnType<typeof temporaryFolder>
let app: ReturnType<typeof createServer>
let url: string
let client: Client
const uploads = () => `${url}/api/knowledge-bases/handbook/uploads`
const put = (path: string, body: string | Uint8Array<ArrayBuffer>) =>
  fetch(`${uploads()}/${path}`, { method: 'PUT', body })
const kept = (...path: readonly string[]) => readFile(join(made.folder, 'handbook', ...path), 'utf8')
const leftOver = () => readdir(join(made.folder, '.partial'))

beforeEach(async () => {
  made = temporaryFolder('uploads')
  app = createServer(
    fakePorts({ uploads: uploadFolder({ folder: made.folder, maxBytes, reserveBytes: 0, quotaBytes: null }) }),
  )
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  client = createClient(url)
})
afterEach(async () => {
  await app.close()
  made.remove()
})

describe('an upload', () => {
  test('is kept whole, whatever its type, and told by size and SHA-256', async () => {
    const answer = await put('letters/2026/a b.txt', 'words')
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      path: 'letters/2026/a b.txt',
      bytes: 5,
      sha256: createHash('sha256').update('words').digest('hex'),
    })
    expect(await kept('letters', '2026', 'a b.txt')).toBe('words')
    expect(await leftOver()).toEqual([])
  })

  test('may be JSON, or nothing at all', async () => {
    const headers = { 'Content-Type': 'application/json' }
    expect((await fetch(`${uploads()}/a.json`, { method: 'PUT', body: '{"a":', headers })).status).toBe(200)
    expect((await put('empty.txt', '')).status).toBe(200)
    expect([await kept('a.json'), await kept('empty.txt')]).toEqual(['{"a":', ''])
  })

  test('takes the place of one of the same path', async () => {
    await put('a.txt', 'old')
    await client.upload({ params: { kb_id: 'handbook', path: 'a.txt' }, octets: new Blob(['new']) })
    expect(await kept('a.txt')).toBe('new')
  })

  test('past the limit is refused, whether it says so or not, and the one before stays', async () => {
    await put('a.bin', 'old')
    const large = new Uint8Array(maxBytes + 1)
    const stream = new Blob([large]).stream()
    const streamed = { method: 'PUT', body: stream, duplex: 'half' } as RequestInit
    for (const answer of [await put('a.bin', large), await fetch(`${uploads()}/a.bin`, streamed)]) {
      expect(answer.status).toBe(413)
      expect(await answer.json()).toMatchObject({
        error: { code: 'upload_too_large', message: expect.stringContaining('PENSTOCK_MAX_UPLOAD_BYTES') },
      })
    }
    expect(await kept('a.bin')).toBe('old')
    expect(await leftOver()).toEqual([])
  })

  test('clears away what a process that was killed left more than a day ago, and nothing younger', async () => {
    const partial = join(made.folder, '.partial')
    await mkdir(partial)
    for (const name of ['old', 'young']) await writeFile(join(partial, name), 'half')
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 3600 * 1000)
    await utimes(join(partial, 'old'), twoDaysAgo, twoDaysAgo)
    await put('a.txt', 'words')
    expect(await leftOver()).toEqual(['young'])
  })

  test('that breaks off leaves nothing', async () => {
    await put('a.txt', 'old')
    const { port, hostname } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(
      'PUT /api/knowledge-bases/handbook/uploads/a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf',
    )
    await until('some of it is there', async () => (await leftOver()).length === 1)
    socket.destroy()
    await until('it is gone', async () => (await leftOver()).length === 0)
    expect(await kept('a.txt')).toBe('old')
  })

  test.each(['..%2fa.txt', '.hidden', 'a//b', 'a/.b', 'a%5cb', 'a%00b', `${'a/'.repeat(16)}b`])(
    'may not be called %s',
    async path => {
      // `fetch` would take the dots for its own.
      const answer = await app.inject({
        method: 'PUT',
        url: `/api/knowledge-bases/handbook/uploads/${path}`,
        payload: 'x',
      })
      expect(answer.statusCode).toBe(422)
      expect(answer.json().error.details.mistakes).toEqual([{ path: 'params.path', message: expect.any(String) }])
      expect(await readdir(made.folder)).toEqual([])
    },
  )

  test('may not have the name of a folder, nor a file as its folder', async () => {
    await put('a/b.txt', 'x')
    for (const path of ['a', 'a/b.txt/c']) {
      const answer = await put(path, 'x')
      expect(answer.status).toBe(409)
      expect(await answer.json()).toMatchObject({ error: { code: 'path_taken' } })
    }
  })
})

test('uploads are listed page by page, and deleted with the folders that they leave empty', async () => {
  const params = { kb_id: 'handbook' }
  expect(await client.uploads({ params, query: {} })).toEqual({ uploads: [], next: null })
  for (const path of ['b.txt', 'a/x/y.txt', 'c.txt']) await put(path, path)
  const first = await client.uploads({ params, query: { limit: 2 } })
  expect(first.uploads.map(({ path, bytes }) => [path, bytes])).toEqual([
    ['a/x/y.txt', 9],
    ['b.txt', 5],
  ])
  expect((await client.uploads({ params, query: { after: first.next! } })).uploads.map(one => one.path)).toEqual([
    'c.txt',
  ])
  expect(await client.deleteUpload({ params: { ...params, path: 'a/x/y.txt' } })).toEqual({ path: 'a/x/y.txt' })
  expect((await readdir(join(made.folder, 'handbook'))).sort()).toEqual(['b.txt', 'c.txt'])
  await expect(client.deleteUpload({ params: { ...params, path: 'a/x/y.txt' } })).rejects.toMatchObject({ status: 404 })
})
