import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { parseSitemap } from '../../../src/sources/parsing/sitemap.ts'

const bytes = (text: string) => Buffer.from(text)
const of = (...pages: readonly string[]) => ({ pages, sitemaps: [] })

test.each([
  [
    'of pages',
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc> http://x/a?b&amp;c </loc><lastmod>2026</lastmod></url></urlset>',
    of('http://x/a?b&c'),
  ],
  [
    'with prefixes and other names',
    '<s:urlset xmlns:s="x" xmlns:i="y"><s:url><s:loc>http://x/a</s:loc><i:image><i:loc>http://x/a.png</i:loc></i:image></s:url></s:urlset>',
    of('http://x/a'),
  ],
  [
    'of sitemaps',
    '<?xml version="1.0"?><sitemapindex><sitemap><loc>http://x/1.xml</loc></sitemap></sitemapindex>',
    { pages: [], sitemaps: ['http://x/1.xml'] },
  ],
  ['as text', '\uFEFFhttp://x/a\r\n\n# no\nhttp://x/b\n', of('http://x/a', 'http://x/b')],
  ['that is empty', '', of()],
])('a sitemap %s says what it names', (_, text, expected) => {
  expect(parseSitemap(bytes(text))).toEqual(expected)
  expect(parseSitemap(gzipSync(text))).toEqual(expected)
})

test('is read as far as its protocol goes', () => {
  const many = Array.from({ length: 50_010 }, (_, i) => `<url><loc>http://x/${i}</loc></url>`).join('')
  const long = `<url><loc>http://x/${'a'.repeat(3000)}</loc></url>`
  expect(parseSitemap(bytes(`<urlset>${long}${many}</urlset>`)).pages).toHaveLength(50_000)
})

test.each([
  ['no XML', bytes('<urlset><url>')],
  ['an entity of its own', bytes('<!DOCTYPE x [<!ENTITY a "b">]><urlset><url><loc>&a;</loc></url></urlset>')],
  ['a bomb', gzipSync(Buffer.alloc(60 * 1024 * 1024))],
  ['half a gzip', gzipSync('<urlset/>').subarray(0, 15)],
])('that is %s is rejected by name', (_, input) => {
  expect(() => parseSitemap(input)).toThrow(expect.objectContaining({ name: 'Reject', code: 'bad_sitemap' }))
})
