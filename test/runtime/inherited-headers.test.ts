import { expect, test } from 'vitest'
import { inheriting } from '../../src/runtime/inherited-headers.ts'
import { chunks } from '../../src/schemas/topics.ts'
import { originHeader } from '../../src/schemas/trace-context.ts'

const input = (offset: number, headers: Readonly<Record<string, string>> = {}) => ({
  record: { offset, key: 'k', value: Buffer.alloc(0), headers, timestamp: 0 },
  value: null,
})
const traced = { traceparent: '00-1-2-01' }
const inherits = () => {
  let current = traced
  const of = inheriting({ stage: { from: chunks }, lane: 3, trace: { headers: () => current } })
  return {
    of,
    next: (traceparent: string) => {
      current = { traceparent }
    },
  }
}

test('the origin is what the record says, or else the record itself', () => {
  const { of } = inherits()
  expect(of(input(7), null)).toEqual({ ...traced, [originHeader]: 'chunks/3/7' })
  expect(of(input(8, { [originHeader]: 'load.requests/0/1' }), null)).toEqual({
    ...traced,
    [originHeader]: 'load.requests/0/1',
  })
})

test('headers in a row that are the same are one object; another origin or another trace makes others', () => {
  const { of, next } = inherits()
  const from = (origin: string) => of(input(1, { [originHeader]: origin }), null)
  const first = from('a')
  expect(from('a')).toBe(first)
  expect(from('b')).toEqual({ ...traced, [originHeader]: 'b' })
  next('00-3-4-01')
  expect(from('b')).toEqual({ traceparent: '00-3-4-01', [originHeader]: 'b' })
})
