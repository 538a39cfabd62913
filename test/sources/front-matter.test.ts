import { expect, test } from 'vitest'
import { frontMatterOf } from '../../src/sources/front-matter.ts'

test('YAML between two lines of dashes becomes metadata and title', () => {
  const text = '---\ntitle: Gates\ntags: [a, b]\ndate: 2026-01-02\ndeep: {x: 1}\nempty:\n---\n# Text\n'
  const front = frontMatterOf(text)
  expect(front).toMatchObject({
    title: 'Gates',
    metadata: { title: 'Gates', tags: 'a, b', date: '2026-01-02', deep: '{"x":1}' },
  })
  expect(text.slice(front?.end)).toBe('# Text\n')
})

test('it may be empty, end with dots, and have the line ends of Windows', () => {
  expect(frontMatterOf('---\n---\ntext')).toEqual({ end: 8, title: null, metadata: {} })
  expect(frontMatterOf('---\r\na: 1\r\n---\r\ntext')).toMatchObject({ metadata: { a: '1' } })
  expect(frontMatterOf('---\na: 1\n...\ntext')).toMatchObject({ metadata: { a: '1' } })
})

test('a rule and a text that goes on are no front matter', () => {
  for (const text of [
    '---\nplain words\n---\n',
    '---\n- a\n---\n',
    '---\na: 1\n',
    'text\n---\na: 1\n---\n',
    '----\na: 1\n----\n',
  ])
    expect(frontMatterOf(text)).toBeNull()
})

test('what is not YAML stays text, and the document says why', () => {
  expect(frontMatterOf('---\na: [1\nb: }\n---\ntext')).toEqual({
    end: 0,
    title: null,
    metadata: { front_matter_error: expect.stringMatching(/\S/) },
  })
})

test('it is bounded: entries, lengths and aliases', () => {
  const many = Array.from({ length: 100 }, (_, i) => `k${i}: ${'v'.repeat(2000)}`).join('\n')
  const metadata = frontMatterOf(`---\n${many.slice(0, 60_000)}\n---\n`)?.metadata ?? {}
  expect(Object.keys(metadata).length).toBeLessThanOrEqual(64)
  expect(Math.max(...Object.values(metadata).map(value => value.length))).toBe(1024)
  const laughs = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'.split('').map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`),
  ]
  expect(frontMatterOf(`---\n${laughs.join('\n')}\n---\n`)?.metadata).toHaveProperty('front_matter_error')
})
