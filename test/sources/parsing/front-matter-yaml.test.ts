import { expect, test } from 'vitest'
import { parseFrontMatter } from '../../../src/sources/parsing/front-matter-yaml.ts'

test('YAML becomes metadata and title', () => {
  expect(parseFrontMatter('title: Gates\ntags: [a, b]\ndate: 2026-01-02\ndeep: {x: 1}\nempty:\r\n')).toEqual({
    title: 'Gates',
    metadata: { title: 'Gates', tags: 'a, b', date: '2026-01-02', deep: '{"x":1}' },
  })
  expect(parseFrontMatter('')).toEqual({ title: null, metadata: {} })
})

test('words and lists are none of it', () => {
  expect(parseFrontMatter('plain words')).toBeNull()
  expect(parseFrontMatter('- a')).toBeNull()
})

test('what is not YAML says why', () => {
  expect(parseFrontMatter('a: [1\nb: }')).toEqual({ error: expect.stringMatching(/\S/) })
})

test('it is bounded: entries, lengths and aliases', () => {
  const many = Array.from({ length: 100 }, (_, i) => `k${i}: ${'v'.repeat(2000)}`).join('\n')
  const said = parseFrontMatter(many)
  const metadata = said && 'metadata' in said ? said.metadata : {}
  expect(Object.keys(metadata)).toHaveLength(64)
  expect(Math.max(...Object.values(metadata).map(value => value.length))).toBe(1024)
  const laughs = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'.split('').map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`),
  ]
  expect(parseFrontMatter(laughs.join('\n'))).toHaveProperty('error')
})
