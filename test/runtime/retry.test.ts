import { describe, expect, test } from 'vitest'
import { Fatal, Wait } from '../../src/runtime/errors.ts'
import { judge, policyOf } from '../../src/runtime/retry.ts'

const coded = (code: string) => Object.assign(new Error(code), { code })
const loading = policyOf('loading', {})
const embedding = policyOf('embedding', {}, () => 1)

describe('policyOf', () => {
  test('LOADING tries 3 times at 1, 2 and 4 seconds, INDEXING 3 times at 5 seconds', () => {
    expect(loading.attempts).toBe(3)
    expect([2, 3, 4].map(n => loading.delayMs(n))).toEqual([1000, 2000, 4000])
    const indexing = policyOf('indexing', {})
    expect([2, 3].map(n => indexing.delayMs(n))).toEqual([5000, 5000])
  })

  test('EMBEDDING waits with full jitter, never longer than the bound', () => {
    expect(policyOf('embedding', {}, () => 0.5).delayMs(4)).toBe(2000)
    expect(embedding.delayMs(20)).toBe(60_000)
  })

  test('settings override the attempts, the factor and the bound', () => {
    const policy = policyOf('loading', { maxAttempts: 7, backoffFactor: 3, maxDelayMs: 5000 })
    expect(policy.attempts).toBe(7)
    expect([2, 3, 4].map(n => policy.delayMs(n))).toEqual([1000, 3000, 5000])
  })

  test('a stage without a policy is refused by name', () => {
    expect(() => policyOf('painting', {})).toThrow('There is no retry policy for stage painting.')
  })
})

describe('judge', () => {
  const often = { count: 1000, sinceMs: 1e9 }

  test('an error of the stage is retried up to its attempts, then fails the phase with its code', () => {
    expect(judge(coded('bad'), 'stage', { count: 2, sinceMs: 0 }, loading)).toEqual({ kind: 'retry', afterMs: 2000 })
    expect(judge(coded('bad'), 'stage', { count: 3, sinceMs: 0 }, loading)).toEqual({
      kind: 'fail',
      code: 'bad',
      message: 'bad',
    })
  })

  test('EMBEDDING does not fail before ten minutes without a success', () => {
    expect(judge(coded('http_503'), 'stage', { count: 50, sinceMs: 599_999 }, embedding).kind).toBe('retry')
    expect(judge(coded('http_503'), 'stage', { count: 50, sinceMs: 600_000 }, embedding).kind).toBe('fail')
  })

  test('a Fatal fails the phase at once and a Wait never does', () => {
    expect(judge(new Fatal('http_401', 'bad key'), 'stage', { count: 1, sinceMs: 0 }, embedding)).toEqual({
      kind: 'fail',
      code: 'http_401',
      message: 'bad key',
    })
    expect(judge(new Wait('http_429', 'slow down', 7000), 'stage', often, loading)).toEqual({
      kind: 'wait',
      afterMs: 7000,
    })
  })

  test('a broker or a database out of reach is waited for without end', () => {
    expect(judge(coded('fenced'), 'line', often, loading).kind).toBe('wait')
    expect(judge(coded('ECONNREFUSED'), 'store', often, loading).kind).toBe('wait')
    expect(judge(coded('23505'), 'store', often, loading).kind).toBe('fail')
  })

  test('records that the broker no longer keeps fail the phase: they would be skipped in silence', () => {
    expect(judge(coded('offset_out_of_range'), 'line', { count: 1, sinceMs: 0 }, loading).kind).toBe('fail')
  })
})
