import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { documentId } from '../../../src/schemas/identity.ts'
import { memoryFrontier } from '../../../src/sources/website/memory-frontier.ts'
import type { RememberedPage } from '../../../src/sources/website/page-memory.ts'
import { pageWith, redirect, siteOf, xml } from '../../kit/website.ts'
import { pdfOf } from '../parsing/pdf-of.ts'
import { crawl, crawlOf, forever, quickRetry, serve } from './kit.ts'

const robots = (body: string) => ({ body, headers: { 'content-type': 'text/plain' } })

describe('a crawl', () => {
  test('follows links from its first page and takes every page once, in the order in which they are found', async () => {
    const server = await serve(
      siteOf({
        '/': pageWith('Home', ['/a', '/b', 'c/#part', '/a?utm_source=x']),
        '/a': pageWith('A', ['/', '/b', '/d']),
        '/b': pageWith('B', ['/a']),
        '/c/': pageWith('C', ['../d', 'https://elsewhere.example/', 'mailto:a@b.c']),
        '/d': pageWith('D'),
      }),
    )
    const { documents, rejects, all, message } = await crawl(crawlOf(server))
    expect(documents).toEqual(['/', '/a', '/b', '/c/', '/d'])
    expect(rejects).toEqual({})
    expect(server.asked.toSorted()).toEqual(['/', '/a', '/b', '/c/', '/d', '/robots.txt'])
    expect(all[1]).toMatchObject({ uri: `${server.origin}/a`, title: 'A', mediaType: 'text/markdown' })
    expect(all[1]).toMatchObject({ text: expect.stringContaining(`[/d](${server.origin}/d)`) })
    expect(message).toBe('5 of 5 known addresses asked')
  })

  test('goes as deep and as far as it is told', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [`/${i}`, pageWith(`P${i}`, [`/${i + 1}`, `/${i + 2}`])]),
    )
    const server = await serve(siteOf(chain))
    const from = { urls: [`${server.origin}/0`] }
    expect((await crawl(crawlOf(server, { ...from, max_depth: 0 }))).documents).toEqual(['/0'])
    expect((await crawl(crawlOf(server, { ...from, max_depth: 1 }))).documents).toEqual(['/0', '/1', '/2'])
    const bounded = await crawl(crawlOf(server, { ...from, max_pages: 4 }))
    expect(bounded.documents).toEqual(['/0', '/1', '/2', '/3'])
    expect(bounded.unlisted).toEqual([expect.stringContaining('max_pages')])
  })

  test('keeps to what is included; a first page that is not is read for its links', async () => {
    const server = await serve(
      siteOf({
        '/': pageWith('Home', ['/docs/a', '/docs/old/b', '/blog/c', '/logo.png']),
        '/docs/a': pageWith('A', ['/docs/d']),
        '/docs/d': pageWith('D'),
      }),
    )
    const { documents } = await crawl(crawlOf(server, { include: ['*/docs/**'], exclude: ['**/old/**'] }))
    expect(documents).toEqual(['/docs/a', '/docs/d'])
    expect(server.asked).not.toContain('/blog/c')
    expect(server.asked).not.toContain('/logo.png')
  })

  test('obeys robots.txt, meta robots, X-Robots-Tag and nofollow', async () => {
    const server = await serve(
      siteOf({
        '/robots.txt': robots('User-agent: *\nDisallow: /private'),
        '/': pageWith('Home', ['/private/a', '/noindex', '/nofollow', '/tagged']).replace(
          '</main>',
          '<a href="/unfollowed" rel="nofollow">no</a></main>',
        ),
        '/private/a': pageWith('Private'),
        '/noindex': pageWith('Noindex', ['/b'], '<meta name="robots" content="noindex">'),
        '/nofollow': pageWith('Nofollow', ['/c'], '<meta name="robots" content="nofollow">'),
        '/tagged': { body: pageWith('Tagged', ['/d']), headers: { 'x-robots-tag': 'noindex, nofollow' } },
        ...Object.fromEntries(['/b', '/c', '/d', '/unfollowed'].map(path => [path, pageWith(path)])),
      }),
    )
    const { documents, rejects } = await crawl(crawlOf(server))
    expect(documents).toEqual(['/', '/nofollow', '/b'])
    expect(rejects).toEqual({})
    expect(server.asked).not.toContain('/private/a')
    const all = await crawl(crawlOf(server, { respect_robots: false }))
    expect(all.documents).toContain('/private/a')
  })

  test('follows redirects inside of its hosts and names those that lead out or go in circles', async () => {
    const server = await serve(
      siteOf({
        '/': pageWith('Home', ['/old', '/out', '/circle', '/1']),
        '/old': redirect('/new'),
        '/new': pageWith('New'),
        '/out': redirect('http://elsewhere.example/x'),
        '/circle': redirect('/circle#here'),
        ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`/${i + 1}`, redirect(`/${i + 2}`)])),
      }),
    )
    const { documents, rejects } = await crawl(crawlOf(server))
    expect(documents).toEqual(['/', '/new'])
    expect(rejects).toEqual({ '/out': 'outside_source', '/circle': 'too_many_redirects', '/6': 'too_many_redirects' })
  })

  test('takes a page by its canonical address, and one of those that have the same text', async () => {
    const same = pageWith('Same')
    const canonical = (href: string) => `<link rel="canonical" href="${href}">`
    const server = await serve(
      siteOf({
        '/': pageWith('Home', ['/same-1', '/same-2', '/print/a', '/b', '/c', '/other', '/gone-canonical']),
        '/same-1': same,
        '/same-2': same,
        '/print/a': pageWith('A', [], canonical('/a')),
        '/a': pageWith('A', [], canonical('/a')),
        '/b': pageWith('B', [], canonical('/c')),
        '/c': pageWith('C', [], canonical('/b')),
        '/other': pageWith('Other', [], canonical('https://elsewhere.example/other')),
      }),
    )
    const { documents } = await crawl(crawlOf(server))
    expect(documents).toEqual(['/', '/same-1', '/c', '/other', '/a'])
  })

  test('ends although a site makes addresses without end', async () => {
    const server = await serve(path => {
      if (path === '/robots.txt') return { status: 404 }
      const day = Number(/day=(\d+)/.exec(path)?.[1] ?? 0)
      const deeper = path.split('?')[0]!.replace(/\/?$/, '/x')
      const days = Array.from({ length: 40 }, (_, i) => `/?day=${day + i + 1}`)
      return { body: pageWith(path, [...days, deeper]) }
    })
    const spec = { max_depth: 100, max_pages: 1_000_000 }
    const { documents } = await crawl(crawlOf(server, spec, { mostOfPattern: 60 }))
    expect(documents.filter(path => path.startsWith('/?'))).toHaveLength(60)
    expect(documents.filter(path => !path.startsWith('/?'))).toEqual(['/', '/x', '/x/x', '/x/x/x'])
  })
})

describe('what is no HTML', () => {
  test('is a document where it is text, and else a reject that names its type', async () => {
    const typed = (type: string, body: string | Buffer) => ({ body, headers: { 'content-type': type } })
    const server = await serve(
      siteOf({
        '/': pageWith('Home', ['/a.md', '/b', '/c', '/d', '/e', '/f', '/g']),
        '/a.md': typed('text/markdown', '---\ntitle: Notes\n---\n# Heading\n\nWords.'),
        '/b': typed('text/plain', 'Plain words.'),
        '/c': typed('application/json', '{}'),
        '/d': typed('text/html', Buffer.from('%PDF-1.7\n...')),
        '/e': typed('text/html', '<html><body></body></html>'),
        '/f': typed('text/plain', Buffer.from([0x61, 0, 0x62])),
        '/g': typed('application/pdf', pdfOf([[{ text: 'Words of a page.', x: 72, y: 700 }]])),
      }),
    )
    const { all, rejects } = await crawl(crawlOf(server))
    expect(all.slice(1, 3)).toMatchObject([
      { title: 'Notes', mediaType: 'text/markdown', text: '# Heading\n\nWords.' },
      { mediaType: 'text/plain', text: 'Plain words.' },
    ])
    expect(rejects).toEqual({
      '/c': 'unsupported_type',
      '/d': 'broken_pdf',
      '/e': 'empty_document',
      '/f': 'unsupported_type',
    })
    const messages = all.flatMap(one => ('message' in one ? [one.message] : []))
    expect(messages.join(' ')).toMatch(/application\/json/)
    expect(all.find(({ uri }) => uri.endsWith('/g'))).toMatchObject({
      text: expect.stringMatching(/^## Page 1\s+Words of a page/),
    })
  })
})

describe('a page that cannot be read', () => {
  test('is tried again later, then rejected by name, and its neighbours are read', async () => {
    const tries = new Map<string, number>()
    const server = await serve(path => {
      const nth = (tries.get(path) ?? 0) + 1
      tries.set(path, nth)
      if (path === '/') return { body: pageWith('Home', ['/broken', '/shaky', '/drops', '/gone', '/last']) }
      if (path === '/broken') return { status: 500 }
      if (path === '/shaky') return nth < 3 ? { status: 502 } : { body: pageWith('Shaky') }
      if (path === '/drops') return 'drop'
      return path === '/last' ? { body: pageWith('Last') } : { status: 410 }
    })
    const { documents, rejects, all, unlisted } = await crawl(crawlOf(server))
    expect(documents).toEqual(['/', '/last', '/shaky'])
    expect(unlisted.map(one => /\/broken|\/drops/.exec(one)?.[0]).toSorted()).toEqual(['/broken', '/drops'])
    expect(rejects).toEqual({ '/broken': 'bad_status', '/drops': 'connection_failed', '/gone': 'page_gone' })
    expect(tries.get('/broken')).toBe(3)
    expect(tries.get('/gone')).toBe(1)
    expect(all.filter(one => 'gone' in one).map(({ uri }) => uri)).toEqual([`${server.origin}/gone`])
    for (const one of all) if ('message' in one) expect(one.message).toContain(`linked on ${server.origin}/`)
  })

  test('is no reason to forget what it led to', async () => {
    const server = await serve(
      siteOf({ '/': pageWith('Home', ['/broken']), '/broken': { status: 500 }, '/behind': pageWith('Behind') }),
    )
    const page = { etag: null, lastModified: null, textHash: 'x', contentHash: 'y', current: false }
    const links = [`${server.origin}/behind`]
    const id = documentId('kb', 'website:x', `${server.origin}/broken`)
    const memory = { known: async () => new Map<string, RememberedPage>([[id, { ...page, links }]]) }
    expect(await crawl(crawlOf(server, {}, { memory }))).toMatchObject({ documents: ['/', '/behind'], unlisted: [] })
  })

  test('fails the phase where it is all that the user named, by its cause', async () => {
    const server = await serve(path => (path.startsWith('/there') ? { body: pageWith('T') } : { status: 404 }))
    await expect(crawl(crawlOf(server))).rejects.toMatchObject({ name: 'Fatal', code: 'page_gone' })
    const both = { urls: [`${server.origin}/not-there`, `${server.origin}/there`] }
    expect(await crawl(crawlOf(server, both))).toMatchObject({
      documents: ['/there'],
      rejects: { '/not-there': 'page_gone' },
    })
    const shut = await serve(path => (path === '/robots.txt' ? robots('User-agent: *\nDisallow: /') : { body: 'x' }))
    await expect(crawl(crawlOf(shut))).rejects.toMatchObject({ name: 'Fatal', code: 'robots_disallowed' })
  })
})

describe('a host that asks to be left alone', () => {
  test('is waited for, with what was read before it kept, and the crawl goes on where it was', async () => {
    let open = false
    const server = await serve(path => {
      if (path === '/') return { body: pageWith('Home', ['/a', '/busy', '/b']) }
      if (path === '/busy' && !open) return { status: 503, headers: { 'retry-after': '0' } }
      return path === '/robots.txt' ? { status: 404 } : { body: pageWith(path) }
    })
    const source = crawlOf(server, {}, { most: { entries: 128, atOnce: 1, characters: 1e9, ms: 60_000 } })
    const first = await source.bite(null, forever)
    expect(first.documents).toHaveLength(1)
    const second = await source.bite(first.next, forever)
    expect(second.documents.map(({ uri }) => uri)).toEqual([`${server.origin}/a`])
    await expect(source.bite(second.next, forever)).rejects.toMatchObject({ name: 'Wait', code: 'rate_limited' })
    open = true
    const third = await source.bite(second.next, forever)
    expect(third.documents.map(({ uri }) => uri)).toEqual([`${server.origin}/busy`, `${server.origin}/b`])
    expect(third.next).toBeNull()
  })

  test('or whose robots.txt cannot be asked is no host without pages: it fails by name in the end', async () => {
    const server = await serve(() => ({ status: 500 }))
    const urls = Array.from({ length: 40 }, (_, i) => `${server.origin}/${i}`)
    const source = crawlOf(server, { urls })
    for (let wait = 0; wait < quickRetry.waits; wait++)
      await expect(source.bite(null, forever)).rejects.toMatchObject({ name: 'Wait', code: 'robots_unavailable' })
    await expect(source.bite(null, forever)).rejects.toMatchObject({ name: 'Fatal', code: 'robots_unavailable' })
    expect(new Set(server.asked)).toEqual(new Set(['/robots.txt']))
    expect(server.asked.length, 'once for each bite').toBe(quickRetry.waits + 1)
  })
})

describe('sitemaps', () => {
  const map =
    (...paths: readonly string[]) =>
    (origin: string) =>
      `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${paths
        .map(path => `<url><loc>${origin}${path}</loc></url>`)
        .join('')}</urlset>`
  const site = async () => {
    const server = await serve(path => {
      const { origin } = server
      const pages: Record<string, ReturnType<typeof xml> | string> = {
        '/robots.txt': robots(`Sitemap: ${origin}/index.xml`),
        '/index.xml': xml(
          `<sitemapindex><sitemap><loc>${origin}/one.xml.gz</loc></sitemap><sitemap><loc><![CDATA[${origin}/two.txt]]></loc></sitemap></sitemapindex>`,
        ),
        '/one.xml.gz': {
          body: gzipSync(map('/a', '/b', 'x')(origin)),
          headers: { 'content-type': 'application/gzip' },
        },
        '/two.txt': robots(`${origin}/c\nhttps://elsewhere.example/\n`),
        '/': pageWith('Home'),
        ...Object.fromEntries(['/a', '/b', '/c', '/d'].map(path => [path, pageWith(path, ['/d'])])),
      }
      return siteOf(pages)(path)
    })
    return server
  }

  test('of robots.txt are read, indexes, gzip and texts of them too', async () => {
    const { documents, rejects } = await crawl(crawlOf(await site(), { sitemaps: true }))
    expect(documents.toSorted()).toEqual(['/', '/a', '/b', '/c', '/d'])
    expect(rejects).toEqual({})
  })

  test('say the total where no link is followed; else nobody knows it', async () => {
    const server = await site()
    const whole = crawlOf(server, { sitemaps: true, max_depth: 0 })
    expect(await whole.total(forever)).toBe(4)
    expect((await crawl(whole)).documents).toHaveLength(4)
    expect(await crawlOf(server, { sitemaps: true }).total(forever)).toBeNull()
    expect(await crawlOf(server, { max_depth: 0 }).total(forever)).toBe(1)
    expect(await crawlOf(server, { sitemaps: [`${server.origin}/two.txt`], max_depth: 0 }).total(forever)).toBe(2)
  })

  test('that are named and cannot be read are rejected by name', async () => {
    const server = await serve(siteOf({ '/': pageWith('Home'), '/bad.xml': xml('<urlset><url>') }))
    const { rejects } = await crawl(
      crawlOf(server, { sitemaps: ['/bad.xml', '/none.xml'].map(path => server.origin + path) }),
    )
    expect(rejects).toEqual({ '/bad.xml': 'bad_sitemap', '/none.xml': 'page_gone' })
  })
})

describe('a bite', () => {
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `/p${i}`,
      pageWith(
        `P${i}`,
        [1, 2, 7].map(k => `/p${(i * 3 + k) % 60}`),
      ),
    ]),
  )
  test('that is repeated, each of them, comes to the same documents as one that is not', async () => {
    const server = await serve(siteOf(many))
    const most = { entries: 7, atOnce: 4, characters: 1e9, ms: 60_000 }
    const once = await crawl(crawlOf(server, { urls: [`${server.origin}/p0`] }, { most }))
    const twice = await crawl(crawlOf(server, { urls: [`${server.origin}/p0`] }, { most }), 2)
    expect(new Set(once.documents).size).toBe(once.documents.length)
    expect(once.documents.length).toBeGreaterThan(40)
    expect(twice.documents).toEqual(once.documents)
    expect(twice.bites).toBeGreaterThan(5)
  })

  test('that is repeated while pages come and go loses none that is there and takes none twice', async () => {
    let calls = 0
    const server = await serve(path => {
      if (path === '/robots.txt') return { status: 404 }
      calls += 1
      return calls % 4 === 0 ? { status: 500 } : siteOf(many)(path)
    })
    const retry = { ...quickRetry, attempts: 20 }
    const most = { entries: 7, atOnce: 4, characters: 1e9, ms: 60_000 }
    const shaky = await crawl(crawlOf(server, { urls: [`${server.origin}/p0`] }, { most, retry }), 3)
    const steady = await serve(siteOf(many))
    const sound = await crawl(crawlOf(steady, { urls: [`${steady.origin}/p0`] }, { most }))
    expect(shaky.documents.toSorted()).toEqual(sound.documents.toSorted())
    expect(shaky.rejects).toEqual({})
  })

  test('takes of a slow host what can be begun soon, and says how slow it is', async () => {
    const delay = robots('User-agent: *\nCrawl-delay: 0.1')
    const server = await serve(path => (path === '/robots.txt' ? delay : { body: pageWith('x', ['/a', '/b']) }))
    const most = { entries: 128, atOnce: 16, characters: 1e9, ms: 100 }
    const source = crawlOf(server, { urls: [`${server.origin}/`, `${server.origin}/a`] }, { most })
    const first = await source.bite(null, forever)
    expect(first).toMatchObject({ documents: [{}], next: '1' })
    expect(first.message).toMatch(
      /^1 of 3 known addresses asked; 127\.0\.0\.1:\d+ is asked once in 0\.1 s, by its robots/,
    )
  })

  test('stops when it is told to', async () => {
    const server = await serve(siteOf(many))
    const source = crawlOf(server, { urls: [`${server.origin}/p0`] })
    await expect(source.bite(null, AbortSignal.abort(new Error('held')))).rejects.toThrow('held')
  })
})

describe('what is known from an earlier run', () => {
  test('is asked for by what it is called; unchanged pages are not sent, and still lead on', async () => {
    let changed = false
    const server = await serve((path, { headers }) => {
      const site = siteOf({
        '/': pageWith('Home', ['/a']),
        '/a': pageWith(changed ? 'A2' : 'A', ['/b']),
        '/b': pageWith('B'),
      })
      const etag = path === '/a' && changed ? '"2"' : '"1"'
      if (headers['if-none-match'] === etag) return { status: 304 }
      const reply = site(path)
      return typeof reply === 'string' ? reply : { ...reply, headers: { etag } }
    })
    const kept = new Map<string, RememberedPage>()
    const memory = {
      known: async (_: string, ids: readonly string[]) => new Map([...kept].filter(([id]) => ids.includes(id))),
    }
    const first = await crawl(crawlOf(server, {}, { memory }))
    for (const one of first.all)
      if ('page' in one && one.page)
        kept.set(documentId('kb', 'website:x', one.uri), { ...one.page, contentHash: one.uri, current: true })
    expect(first.documents).toEqual(['/', '/a', '/b'])
    expect(kept.size).toBe(3)
    const second = await crawl(crawlOf(server, {}, { memory, asker: 'second' }))
    expect(second).toMatchObject({ documents: [], unchanged: ['/', '/a', '/b'] })
    changed = true
    const third = await crawl(crawlOf(server, {}, { memory, asker: 'third' }))
    expect(third).toMatchObject({ documents: ['/a'], unchanged: ['/', '/b'] })
    const anew = await crawlOf(server, {}, { memory, frontier: memoryFrontier() }).bite(null, forever, { anew: true })
    expect(anew.documents).toHaveLength(1)
  })
})
