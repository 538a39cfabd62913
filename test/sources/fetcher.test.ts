import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import type { Fetcher, FetcherOptions } from '../../src/sources/fetcher.ts'
import type { Page } from '../../src/sources/fetching/answers.ts'
import { textOf } from '../../src/sources/fetching/charset.ts'
import type { FetchOptions } from '../../src/sources/fetching/fetch-options.ts'
import { type Reply, type WebServer, webServer } from '../kit/web-server.ts'
import { asking, fetcherWith } from './fetching/kit.ts'

const closing: (() => unknown)[] = []
afterEach(() => Promise.all(closing.splice(0).map(close => close())))

const serve = async (answer: Parameters<typeof webServer>[0]): Promise<WebServer> => {
  const server = await webServer(answer)
  closing.push(() => server.close())
  return server
}
const fetcherFor = (server: WebServer, options: Partial<FetcherOptions> = {}): Fetcher => {
  const fetcher = fetcherWith({ allow: [`127.0.0.1:${server.port}`], ...options })
  closing.push(() => fetcher.close())
  return fetcher
}
/** What one request to a server with one answer gives. */
const fetchOne = async (reply: Reply, how: Partial<FetcherOptions> = {}, options: Partial<FetchOptions> = {}) => {
  const server = await serve(() => reply)
  return fetcherFor(server, how).fetch(new URL('/page', server.origin), asking(options))
}

describe('a page', () => {
  test('comes with its URL, its type and what it is called by, and without what was not asked', async () => {
    const seen: unknown[] = []
    const server = await serve((_, request) => {
      seen.push(request.headers)
      return { body: '<p>Hi', headers: { etag: '"1"', 'last-modified': 'Wed, 25 Nov 2026 10:00:00 GMT' } }
    })
    const fetcher = fetcherFor(server, { userAgent: 'Penstock/1.2.3 (+https://example.org/bot)' })
    const url = new URL('/a?b=c', server.origin)
    expect(await fetcher.fetch(url, asking())).toEqual({
      kind: 'page',
      url,
      bytes: Buffer.from('<p>Hi'),
      type: 'text/html',
      charset: 'utf-8',
      etag: '"1"',
      lastModified: 'Wed, 25 Nov 2026 10:00:00 GMT',
      robotsTag: '',
    })
    expect(seen).toMatchObject([{ 'user-agent': 'Penstock/1.2.3 (+https://example.org/bot)' }])
    for (const name of ['cookie', 'authorization', 'referer']) expect(seen[0]).not.toHaveProperty(name)
  })

  test('that is as it was known is not sent again', async () => {
    const server = await serve((_, { headers }) =>
      headers['if-none-match'] === '"1"' || headers['if-modified-since'] !== undefined
        ? { status: 304 }
        : { body: 'x' },
    )
    const fetch = (validators: FetchOptions['validators']) =>
      fetcherFor(server).fetch(new URL(server.origin), asking({ validators: validators ?? null }))
    expect((await fetch({ etag: '"1"', lastModified: null })).kind).toBe('unchanged')
    expect((await fetch({ etag: null, lastModified: 'Wed, 25 Nov 2026 10:00:00 GMT' })).kind).toBe('unchanged')
    expect((await fetch({ etag: '"2"', lastModified: null })).kind).toBe('page')
    expect((await fetch(null)).kind).toBe('page')
  })

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['gzip, br', (text: string) => brotliCompressSync(gzipSync(text))],
  ])('is decompressed (%s)', async (encoding, compress) => {
    const text = 'water flows '.repeat(1000)
    const reply = { body: compress(text), headers: { 'content-encoding': encoding } }
    expect(((await fetchOne(reply)) as Page).bytes.toString()).toBe(text)
  })

  test.each([
    ['text/html; charset=iso-8859-1', Buffer.from([0x63, 0x61, 0x66, 0xe9]), 'café'],
    ['text/html', Buffer.from('<meta charset="windows-1251">\xcf\xf0', 'latin1'), '<meta charset="windows-1251">Пр'],
    ['text/html', Buffer.from('naïve'), 'naïve'],
    ['text/html', Buffer.from('na\xefve', 'latin1'), 'naïve'],
    ['text/html; charset=latin1', Buffer.from('\uFEFFnaïve'), 'naïve'],
    ['text/plain; charset=shift_jis', Buffer.from([0x83, 0x65, 0x83, 0x58, 0x83, 0x67]), 'テスト'],
    ['text/plain', Buffer.from('\uFEFFhé', 'utf16le'), 'hé'],
  ])('of %s and %o reads as %s', async (type, body, text) => {
    const page = (await fetchOne({ body, headers: { 'content-type': type } })) as Page
    expect(textOf(page.bytes, page.charset)).toBe(text)
  })

  test('is reached through redirects, each of which is named when there are too many', async () => {
    const server = await serve(path => {
      const left = Number(path.slice(1))
      return left > 0 ? { status: 302, headers: { location: `/${left - 1}#x` } } : { body: 'there' }
    })
    const fetch = (path: string, redirects?: number) =>
      fetcherFor(server).fetch(new URL(path, server.origin), asking(redirects === undefined ? {} : { redirects }))
    expect(await fetch('/5')).toMatchObject({ kind: 'page', url: new URL('/0', server.origin) })
    expect(await fetch('/6')).toMatchObject({ code: 'too_many_redirects', retryable: false })
    expect(await fetch('/1', 0)).toMatchObject({ kind: 'redirect', to: new URL('/0', server.origin) })
  })
})

describe('no page', () => {
  const encoded = (name: string) => ({ body: 'x', headers: { 'content-encoding': name } })
  const compressed = { headers: { 'content-encoding': 'gzip' } }
  test.each<[string, Reply, object]>([
    ['404', { status: 404 }, { code: 'page_gone', gone: true, retryable: false }],
    ['410', { status: 410 }, { code: 'page_gone', gone: true }],
    ['403', { status: 403 }, { code: 'bad_status', status: 403, retryable: false }],
    ['500', { status: 500 }, { code: 'bad_status', status: 500, retryable: true }],
    ['503', { status: 503 }, { code: 'bad_status', retryable: true }],
    ['503 with a time', { status: 503, headers: { 'retry-after': '7' } }, { code: 'rate_limited', retryAfterMs: 7000 }],
    ['429', { status: 429 }, { code: 'rate_limited', retryable: true, retryAfterMs: 10_000 }],
    ['204', { status: 204 }, { code: 'bad_status', retryable: false }],
    ['a redirect to nowhere', { status: 302 }, { code: 'bad_redirect', retryable: false }],
    ['a body of another format', { body: 'x', ...compressed }, { code: 'bad_encoding', retryable: true }],
    ['half a body', { body: gzipSync('a'.repeat(5000)).subarray(0, 20), ...compressed }, { code: 'bad_encoding' }],
    ['an unknown encoding', encoded('lzma'), { code: 'bad_encoding' }],
    ['an encoding named like what every object has', encoded('__proto__'), { code: 'bad_encoding' }],
    ['another such encoding', encoded('constructor'), { code: 'bad_encoding' }],
    ['many encodings', encoded('gzip,gzip,gzip'), { code: 'bad_encoding' }],
    ['many headers', { headers: { x: 'a'.repeat(40_000) } }, { code: 'headers_too_large', retryable: false }],
  ])('comes of %s, and why is said by its code', async (_, reply, expected) => {
    expect(await fetchOne(reply)).toMatchObject({ kind: 'failed', ...expected })
  })

  test('comes of a server that takes no connection, is unknown, or is silent', async () => {
    const server = await serve(() => 'hang')
    const url = new URL(server.origin)
    expect(await fetcherFor(server, { idleMs: 50 }).fetch(url, asking())).toMatchObject({
      code: 'timeout',
      retryable: true,
    })
    expect(await fetcherFor(server, { timeoutMs: 50 }).fetch(url, asking())).toMatchObject({ code: 'timeout' })
    const fetcher = fetcherFor(server)
    await server.close()
    const found = await fetcher.fetch(url, asking())
    expect(found).toMatchObject({ code: 'connection_failed', retryable: true })
    const nowhere = fetcherWith({ resolve: () => Promise.reject(new Error('no')) })
    expect(await nowhere.fetch(new URL('http://a.example/'), asking())).toMatchObject({ code: 'host_not_found' })
  })

  test('of a type that is not wanted is read', async () => {
    const reply = { body: 'x'.repeat(500_000), headers: { 'content-type': 'video/mp4' } }
    const found = await fetchOne(reply, {}, { types: type => type === 'text/html' })
    expect(found).toMatchObject({ code: 'unsupported_type', message: expect.stringContaining('video/mp4') })
  })

  test.each([
    ['as sent', { body: Buffer.alloc(300_000) }],
    ['as it says before it is sent', { body: Buffer.alloc(100_001), headers: { 'content-length': '100001' } }],
    ['as decompressed', { body: gzipSync(Buffer.alloc(500_000_000)), ...compressed }],
    [
      'as decompressed twice',
      { body: gzipSync(gzipSync(Buffer.alloc(200_000_000))), headers: { 'content-encoding': 'gzip, gzip' } },
    ],
    [
      'as decompressed by br',
      { body: brotliCompressSync(Buffer.alloc(50_000_000)), headers: { 'content-encoding': 'br' } },
    ],
  ])('is larger than what an operator allows, %s', async (_, reply) => {
    const before = process.memoryUsage().rss
    expect(await fetchOne(reply, { maxBytes: 100_000 })).toMatchObject({ code: 'too_large', retryable: false })
    expect(process.memoryUsage().rss - before, 'memory for it').toBeLessThan(64 * 1024 * 1024)
  })

  test('holds up a job that is told to stop', async () => {
    const stop = new AbortController()
    const server = await serve(() => {
      stop.abort(new Error('held'))
      return 'hang'
    })
    await expect(fetcherFor(server).fetch(new URL(server.origin), asking({ signal: stop.signal }))).rejects.toThrow(
      'held',
    )
  })
})

describe('a host', () => {
  test('is asked for no more at once than is allowed, and one that hangs keeps no other from its answer', async () => {
    let atOnce = 0
    let most = 0
    const released = Promise.withResolvers<void>()
    const slow = await serve(async () => {
      most = Math.max(most, ++atOnce)
      await released.promise
      atOnce -= 1
      return { body: 'late' }
    })
    const quick = await serve(() => ({ body: 'soon' }))
    const fetcher = fetcherWith({
      allow: ['127.0.0.1'].flatMap(host => [slow, quick].map(({ port }) => `${host}:${port}`)),
    })
    closing.push(() => fetcher.close())
    const late = Array.from({ length: 8 }, (_, i) =>
      fetcher.fetch(new URL(`/${i}`, slow.origin), asking({ concurrency: 3 })),
    )
    const found = await Promise.all(
      Array.from({ length: 20 }, (_, i) => fetcher.fetch(new URL(`/${i}`, quick.origin), asking())),
    )
    expect(found.every(({ kind }) => kind === 'page')).toBe(true)
    expect(slow.asked.length, 'of the slow one').toBeLessThanOrEqual(3)
    released.resolve()
    expect((await Promise.all(late)).every(({ kind }) => kind === 'page')).toBe(true)
    expect(most).toBe(3)
  })

  test('is asked no faster than the slower of user, operator and robots.txt says', async () => {
    const server = await serve(path => ({ body: path === '/robots.txt' ? 'User-agent: *\nCrawl-delay: 0.05' : 'x' }))
    const least = async (options: Partial<FetchOptions>, how: Partial<FetcherOptions> = {}) => {
      const fetcher = fetcherFor(server, how)
      const began = performance.now()
      await Promise.all([0, 1, 2, 3].map(i => fetcher.fetch(new URL(`/${i}`, server.origin), asking(options))))
      return performance.now() - began
    }
    expect(await least({ rate: 25 })).toBeGreaterThan(3 * 40 - 5)
    expect(await least({ rate: 1000 }, { rate: 25 })).toBeGreaterThan(3 * 40 - 5)
    expect(await least({ respectRobots: true })).toBeGreaterThan(3 * 50 - 5)
  })

  test('that asks to be left alone is, by all jobs', async () => {
    const server = await serve(() => ({ status: 429, headers: { 'retry-after': '60' } }))
    const fetcher = fetcherFor(server)
    await fetcher.fetch(new URL(server.origin), asking())
    expect(fetcher.blockedMs(new URL(server.origin))).toBeGreaterThan(50_000)
    const stop = new AbortController()
    const waits = fetcher.fetch(new URL('/other', server.origin), asking({ asker: 'another', signal: stop.signal }))
    stop.abort(new Error('enough'))
    await expect(waits).rejects.toThrow('enough')
    expect(server.asked).toHaveLength(1)
  })
})

describe('robots.txt', () => {
  const site = (robots: Reply) => serve(path => (path === '/robots.txt' ? robots : { body: 'page' }))
  const robots = (body: string): Reply => ({ body, headers: { 'content-type': 'text/plain' } })
  const fetch = (server: WebServer, path: string, fetcher = fetcherFor(server)) =>
    fetcher.fetch(new URL(path, server.origin), asking({ respectRobots: true }))

  test('is obeyed, by the group of our name before that of all', async () => {
    const server = await site(
      robots(
        'User-agent: *\nDisallow: /\n\nUser-agent: penstock\nDisallow: /secret\nAllow: /secret/open$\nDisallow: /*.bak',
      ),
    )
    const fetcher = fetcherFor(server)
    for (const path of ['/', '/a?b', '/secret/open']) expect((await fetch(server, path, fetcher)).kind).toBe('page')
    for (const path of ['/secret', '/secret/a', '/x/y.bak'])
      expect(await fetch(server, path, fetcher)).toMatchObject({ code: 'robots_disallowed', retryable: false })
    expect(server.asked.filter(path => path === '/robots.txt')).toHaveLength(1)
    expect(server.asked).not.toContain('/secret')
  })

  test.each([404, 403, 410])('that answers %i forbids nothing', async status => {
    expect((await fetch(await site({ status }), '/a')).kind).toBe('page')
  })

  test.each<[string, Reply]>([
    ['500', { status: 500 }],
    ['503', { status: 503, headers: { 'retry-after': '1' } }],
    ['429', { status: 429 }],
  ])('that answers %s forbids all for now, and the host is not taken for empty', async (_, reply) => {
    const server = await site(reply)
    expect(await fetch(server, '/a')).toMatchObject({ code: 'robots_unavailable', retryable: true })
    expect(server.asked).toEqual(['/robots.txt'])
  })

  test('is read as far as 500 KiB and names sitemaps', async () => {
    const rules = `Sitemap: https://a.example/map.xml\nUser-agent: *\nDisallow: /first\n${'#'.repeat(999)}\n`
    const server = await site(robots(`${rules}${'# filler\n'.repeat(100_000)}Disallow: /last`))
    const fetcher = fetcherFor(server)
    expect(await fetch(server, '/first', fetcher)).toMatchObject({ code: 'robots_disallowed' })
    expect((await fetch(server, '/last', fetcher)).kind).toBe('page')
    expect(await fetcher.robots(new URL(server.origin), asking())).toMatchObject({
      sitemaps: ['https://a.example/map.xml'],
    })
  })
})
