import { expect, test } from 'vitest'
import { normalUrl, patternOf } from '../../../src/sources/website/normal-url.ts'

test.each([
  ['HTTP://Example.ORG:80/a#part', 'http://example.org/a'],
  ['https://example.org.:443', 'https://example.org/'],
  ['https://example.org/a/../b//c/./', 'https://example.org/b/c/'],
  ['https://example.org/%7Euser/%e4%2f', 'https://example.org/~user/%E4%2F'],
  ['https://example.org/?utm_source=x&fbclid=1', 'https://example.org/'],
  ['https://example.org/a?b=2&a=1&b=1&gclid=3', 'https://example.org/a?a=1&b=2&b=1'],
  ['https://example.org/a?', 'https://example.org/a'],
  ['https://example.org/a;jsessionid=12AB?x=1', 'https://example.org/a?x=1'],
  ['https://example.org/straße?q=ä', 'https://example.org/stra%C3%9Fe?q=%C3%A4'],
])('%s goes by %s, and that by itself', (href, expected) => {
  expect(normalUrl(href)?.href).toBe(expected)
  expect(normalUrl(expected)?.href).toBe(expected)
})

test('a slash at the end, the case of a path and the scheme make another address', () => {
  const all = ['http://x/a', 'http://x/a/', 'http://x/A', 'https://x/a', 'http://x/a/index.html']
  expect(new Set(all.map(href => normalUrl(href)?.href)).size).toBe(all.length)
})

test.each([
  ...['mailto:a@b.c', 'javascript:void(0)', 'ftp://x/', 'no address', 'http://user@x/', 'http://u:p@x/'],
  `http://x/${'a'.repeat(2050)}`,
  `http://x/${'a/'.repeat(30)}`,
  'http://x/a/b/a/b/a/b/a/b',
  `http://x/?${Array.from({ length: 13 }, (_, i) => `p${i}=1`).join('&')}`,
])('%s is not followed', href => {
  expect(normalUrl(href)).toBeNull()
})

test('addresses that one program makes have the same pattern, and others none', () => {
  const pattern = (href: string) => patternOf(new URL(href))
  expect(pattern('http://x/calendar/2026/11?view=day')).toBe(pattern('http://x/calendar/1999/1?view=week'))
  expect(pattern('http://x/?a=1')).not.toBe(pattern('http://x/?b=1'))
  expect(pattern('http://x/guide/')).toBeNull()
})
