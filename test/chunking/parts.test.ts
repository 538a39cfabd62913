import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitIntoParts } from '../../src/chunking/parts.ts'
import { anyText } from './texts.ts'

const markdown = 'text/markdown'

test('a small document is one part', () => {
  expect(splitIntoParts('# A\n', markdown)).toEqual([{ offset: 0, text: '# A\n', headings: [] }])
})

test('parts put together are the document, each at its offset, within the limit, with whole characters', () => {
  fc.assert(
    fc.property(
      anyText,
      fc.integer({ min: 16, max: 400 }),
      fc.constantFrom(markdown, 'text/plain'),
      (text, limit, type) => {
        const parts = splitIntoParts(text, type, limit)
        expect(parts.map(part => part.text).join('')).toBe(text)
        let offset = 0
        for (const part of parts) {
          expect(part.offset).toBe(offset)
          expect(Buffer.byteLength(part.text)).toBeLessThanOrEqual(limit)
          expect(part.text.isWellFormed()).toBe(true)
          offset += part.text.length
        }
      },
    ),
  )
})

test('a part begins at the highest heading in reach and carries those above it', () => {
  const section = (title: string) => `${title}\n\n${'words and more words\n'.repeat(10)}\n`
  const text = [section('# Book'), section('## One'), section('#### Deep'), section('### Mid'), section('## Two')].join(
    '',
  )
  const parts = splitIntoParts(text, markdown, 800)
  expect(parts.map(part => [part.text.split('\n')[0], part.headings])).toEqual([
    ['# Book', []],
    ['### Mid', ['Book', 'One', '', 'Deep']],
  ])
})

test('fenced code larger than a part does not hide the headings after it', () => {
  const text = `# A\n\n\`\`\`\n${'# code\n'.repeat(200)}\`\`\`\n\n# B\n\n${'text\n\n'.repeat(200)}`
  const last = splitIntoParts(text, markdown, 500).at(-1)
  expect(last?.headings).toEqual(['B'])
})

test('50 MB are split in linear time', () => {
  const text = '# Heading\n\nSome text of a paragraph that goes on for a while.\n\n'.repeat(800_000)
  const began = performance.now()
  expect(splitIntoParts(text, markdown).length).toBeGreaterThan(150)
  expect(performance.now() - began).toBeLessThan(10_000)
})
