import { expect, test } from 'vitest'
import { inheritedTrace, readTraceparent, traceparentOf } from '../../src/schemas/trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'

test('a traceparent is read and written as it was', () => {
  const header = `00-${traceId}-${spanId}-01`
  expect(readTraceparent(header)).toEqual({ traceId, spanId, sampled: true })
  expect(traceparentOf(readTraceparent(header)!)).toBe(header)
  expect(readTraceparent(`00-${traceId}-${spanId}-00`)).toMatchObject({ sampled: false })
})

test('what is no traceparent is none', () => {
  const none = [undefined, null, '', 'x', `00-${'0'.repeat(32)}-${spanId}-01`, `00-${traceId}-${'0'.repeat(16)}-01`]
  for (const header of [...none, `ff-${traceId}-${spanId}-01`, `00-${traceId.toUpperCase()}-${spanId}-01`])
    expect(readTraceparent(header), String(header)).toBe(null)
})

test('a state without a context goes no further', () => {
  expect(inheritedTrace({ tracestate: 'a=b' })).toEqual({})
  expect(inheritedTrace({ traceparent: 'x', tracestate: 'a=b' })).toEqual({})
  const traceparent = `00-${traceId}-${spanId}-01`
  expect(inheritedTrace({ traceparent, tracestate: 'a=b', other: 'c' })).toEqual({ traceparent, tracestate: 'a=b' })
})
