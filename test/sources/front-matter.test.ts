import { expect, test } from 'vitest'
import { frontMatterOf } from '../../src/sources/front-matter.ts'

test('what stands between two lines of dashes at the start is front matter', () => {
  const text = '---\ntitle: Gates\n---\n# Text\n'
  const front = frontMatterOf(text)
  expect(front?.yaml).toBe('title: Gates\n')
  expect(text.slice(front?.end)).toBe('# Text\n')
})

test('it may be empty, end with dots, and have the line ends of Windows', () => {
  expect(frontMatterOf('---\n---\ntext')).toEqual({ yaml: '', end: 8 })
  expect(frontMatterOf('---\r\na: 1\r\n---\r\ntext')).toEqual({ yaml: 'a: 1\r\n', end: 16 })
  expect(frontMatterOf('---\na: 1\n...\ntext')?.yaml).toBe('a: 1\n')
})

test('a rule and a text that goes on are no front matter', () => {
  for (const text of ['---\na: 1\n', 'text\n---\na: 1\n---\n', '----\na: 1\n----\n'])
    expect(frontMatterOf(text)).toBeNull()
})

test('it has at most 64 KiB', () => {
  const lines = (count: number) => `---\n${'a: 1\n'.repeat(count)}---\n`
  expect(frontMatterOf(lines(13_000))?.yaml).toHaveLength(65_000)
  expect(frontMatterOf(lines(14_000))).toBeNull()
})
