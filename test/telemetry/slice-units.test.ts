import { expect, test } from 'vitest'
import { documentOf, isBite, SliceUnits } from '../../src/telemetry/slice-units.ts'

const [one, two] = ['1'.repeat(32), '2'.repeat(32)]
const from = (traceId: string, span: string) => ({ traceparent: `00-${traceId}-${span.repeat(16)}-01` })
const input = (document_id: string, headers: Readonly<Record<string, string>> = {}) => ({
  record: { offset: 0, key: 'k', value: Buffer.alloc(0), headers, timestamp: 0 },
  value: { type: 'chunk', document_id },
})

test('a document in one trace is one unit, whoever sent its records and whatever stands between them', () => {
  const units = new SliceUnits()
  const first = units.of(input('a', from(one, '1')), 'a')
  const other = units.of(input('b', from(one, '1')), 'b')
  expect(units.of(input('a', from(one, '2')), 'a')).toBe(first)
  expect(other).not.toBe(first)
  expect(units.all()).toEqual([first, other])
  expect(first).toMatchObject({ document: 'a', sender: { traceId: one, spanId: '1'.repeat(16) }, span: null })
})

test('a document in two traces, or in none, is a unit of each', () => {
  const units = new SliceUnits()
  for (const headers of [from(one, '1'), from(two, '1'), {}, { traceparent: 'none' }])
    units.of(input('a', headers), 'a')
  expect(units.all().map(({ sender }) => sender?.traceId)).toEqual([one, two, undefined])
})

test('what a record is about is its document, else its uri; a request to load is a bite', () => {
  expect(documentOf(input('a'))).toBe('a')
  const { record } = input('a')
  expect(documentOf({ record, value: { type: 'load_event', uri: 'crm:7' } })).toBe('crm:7')
  expect(documentOf({ record, value: { type: 'load_request' } })).toBeNull()
  expect([input('a'), { record, value: { type: 'load_request' } }].map(isBite)).toEqual([false, true])
})
