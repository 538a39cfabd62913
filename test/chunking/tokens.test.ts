import fc from 'fast-check'
import { countTokens as reference } from 'gpt-tokenizer/encoding/cl100k_base'
import { expect, test } from 'vitest'
import { countTokens, TokenIndex } from '../../src/chunking/tokens.ts'
import { anyText } from './texts.ts'

test('ordinary text has the tokens of cl100k_base', () => {
  const text =
    'Penstock’s lanes aren\'t shared: each of 16 partitions, e.g. "chunks-3", is held alone.\n\n  x = foo(bar);\n'
  expect(countTokens(text)).toBe(reference(text))
})

test('any slice that ends in a visible character counts what it counts on its own', () => {
  fc.assert(
    fc.property(anyText, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }), (text, pairs) => {
      const index = new TokenIndex(text)
      for (const [a, b] of pairs) {
        const [start, end] = slice(text, a, b)
        expect(index.count(start, end)).toBe(countTokens(text.slice(start, end)))
      }
    }),
    { numRuns: 300 },
  )
})

/** A slice that parts no surrogate pair and has no white space at its end. */
const slice = (text: string, a: number, b: number): [number, number] => {
  const between = (at: number) => at % (text.length + 1)
  const whole = (at: number) => ((text.codePointAt(at - 1) ?? 0) > 0xffff ? at - 1 : at)
  const [low, high] = [whole(between(a)), whole(between(b))].sort((x, y) => x - y) as [number, number]
  return [low, low + text.slice(low, high).trimEnd().length]
}

test('a megabyte without a border is counted in linear time', () => {
  for (const unit of ['a', '=', '漢', ' ', 'Zm9vYmFy']) {
    const text = unit.repeat(1_000_000 / unit.length)
    const began = performance.now()
    expect(countTokens(text)).toBeGreaterThan(10_000)
    expect(performance.now() - began).toBeLessThan(2000)
  }
})
