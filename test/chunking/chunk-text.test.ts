import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ChunkSettings, chunkText } from '../../src/chunking/chunk-text.ts'
import { countTokens } from '../../src/chunking/tokens.ts'
import { anyText } from './texts.ts'

const strategies = ['markdown', 'recursive', 'fixed'] as const
const settings = fc.record({
  strategy: fc.constantFrom(...strategies),
  chunk_size: fc.integer({ min: 16, max: 200 }),
  chunk_overlap: fc.integer({ min: 0, max: 60 }),
})
const cut = (text: string, chosen: ChunkSettings) =>
  chunkText({ text, mediaType: 'text/markdown', headings: ['Above'] }, chosen)

describe.each(strategies)('strategy %s', strategy => {
  const property = (holds: (text: string, chosen: ChunkSettings) => void) =>
    fc.assert(
      fc.property(anyText, settings, (text, chosen) => holds(text, { ...chosen, strategy })),
      { numRuns: 150 },
    )

  test('every piece is a slice of the text at its offset, and none is blank', () => {
    property((text, chosen) => {
      for (const piece of cut(text, chosen)) {
        expect(text.slice(piece.offset, piece.offset + piece.text.length)).toBe(piece.text)
        expect(piece.text.trim()).not.toBe('')
        expect(piece.text.isWellFormed()).toBe(true)
      }
    })
  })

  test('no piece has more tokens than chunk_size, and each says how many it has', () => {
    property((text, chosen) => {
      for (const piece of cut(text, chosen)) {
        expect(piece.tokens).toBe(countTokens(piece.text))
        expect(piece.tokens).toBeLessThanOrEqual(chosen.chunk_size)
      }
    })
  })

  test('everything that can be seen is in some piece, in order', () => {
    property((text, chosen) => {
      let covered = 0
      let last = -1
      for (const { offset, text: piece } of cut(text, chosen)) {
        expect(offset).toBeGreaterThan(last)
        expect(text.slice(covered, offset).trim()).toBe('')
        expect(offset + piece.length).toBeGreaterThan(covered)
        covered = offset + piece.length
        last = offset
      }
      expect(text.slice(covered).trim()).toBe('')
    })
  })

  test('a piece repeats at most chunk_overlap tokens of the one before, and none without overlap', () => {
    property((text, chosen) => {
      let before = 0
      for (const { offset, text: piece } of cut(text, chosen)) {
        const repeated = countTokens(text.slice(offset, Math.max(offset, before)).trimEnd())
        expect(repeated).toBeLessThanOrEqual(chosen.chunk_overlap)
        before = offset + piece.length
      }
    })
  })

  test('the same text and settings give the same pieces', () => {
    property((text, chosen) => {
      const pieces = cut(text, chosen)
      cut(`other ${text}`, chosen)
      expect(cut(text, { ...chosen })).toEqual(pieces)
    })
  })

  test('a megabyte without a border is cut in linear time', () => {
    for (const unit of ['a', 'Zm9vYmFy', '漢字', '# a\n', '- a\n', '> ', '|-|\n', '<!--\n', '`', 'word ', ' \n'])
      expect(timeOf(unit.repeat(1_000_000 / unit.length), strategy), JSON.stringify(unit)).toBeLessThan(5000)
  })
})

const timeOf = (text: string, strategy: ChunkSettings['strategy']) => {
  const began = performance.now()
  cut(text, { strategy, chunk_size: 512, chunk_overlap: 64 })
  return performance.now() - began
}

describe('markdown keeps the structure', () => {
  const markdown = (text: string, chunk_size = 40, chunk_overlap = 0) =>
    chunkText({ text, mediaType: 'text/markdown', headings: [] }, { strategy: 'markdown', chunk_size, chunk_overlap })
  const filler = (words: number, word = 'water') => Array.from({ length: words }, () => word).join(' ')

  test('a section that fits is one piece, under its headings', () => {
    const text = `# Top\n\n${filler(30)}\n\n## Left\n\n${filler(25)}\n\n### Deep\n\n${filler(25)}\n\n## Right\n\n${filler(30)}\n`
    expect(markdown(text).map(({ headingPath, text }) => [headingPath.join(' > '), text.split('\n')[0]])).toEqual([
      ['Top', '# Top'],
      ['Top > Left', '## Left'],
      ['Top > Left > Deep', '### Deep'],
      ['Top > Right', '## Right'],
    ])
  })

  test('small neighbours share a piece, under the headings that hold for both', () => {
    const [only, ...rest] = markdown('# Top\n\n## A\n\none\n\n## B\n\ntwo\n', 100)
    expect(rest).toEqual([])
    expect(only?.headingPath).toEqual(['Top'])
  })

  test('a skipped level leaves no gap in the path, and a later heading of that level ends the deeper one', () => {
    const text = `# A\n\n${filler(30)}\n\n### C\n\n${filler(35)}\n\n## B\n\n${filler(35)}\n`
    expect(markdown(text).map(({ headingPath }) => headingPath)).toEqual([['A'], ['A', 'C'], ['A', 'B']])
  })

  test('fenced code, a table and a list that fit are not cut', () => {
    const code = `\`\`\`\n${Array.from({ length: 8 }, (_, i) => `  f(${i})`).join('\n')}\n\`\`\``
    const table = '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |'
    const list = '- one\n- two\n  - three\n- four'
    const pieces = markdown([filler(30), code, filler(30), table, filler(30), list].join('\n\n'), 45)
    for (const block of [code, table, list]) expect(pieces.some(piece => piece.text.includes(block))).toBe(true)
  })

  test('a heading is never alone, however long what follows it', () => {
    const text = `# Top\n\n## Sub\n\n${filler(37)}\n\n## Next\n\n\`\`\`\n${filler(300)}\n\`\`\`\n`
    for (const piece of markdown(text)) expect(piece.text).not.toMatch(/^#[^\n]*$/)
  })

  test('an overlap stays below its heading', () => {
    const beta = filler(33, 'beta')
    const text = `# A\n\n${filler(5, 'alpha')}\n\n# B\n\nfirst\n\n${beta}\n\n${beta}\n`
    const [one, two] = markdown(text, 42, 20)
    expect(one?.text).toMatch(/^# A[\s\S]*# B\n\nfirst$/)
    expect(two?.text).toMatch(/^# B\n\nfirst\n\nbeta/)
  })

  test('text that is no Markdown is cut without regard to #', () => {
    const text = `# not a heading\n${filler(50)}\n`
    const pieces = chunkText(
      { text, mediaType: 'text/plain', headings: [] },
      { strategy: 'markdown', chunk_size: 40, chunk_overlap: 0 },
    )
    expect(pieces.map(({ headingPath }) => headingPath)).toEqual([[], []])
  })
})
