import { expect, test } from 'vitest'
import { workbookCellReader } from '../../../src/sources/structured/workbook-cells.ts'

const read = (type: string, kind: string, cell: string, format = {}, nullable = false) =>
  workbookCellReader({ name: 'a', type, nullable }, format).read(cell, kind)

test('a cell of the kind of its column needs no format, and a text still has that of the mapping', () => {
  const german = { pattern: 'DD.MM.YYYY', decimal: ',', thousands: '.', true: ['ja'], false: ['nein'] } as const
  expect(read('date', 'd', '2024-01-31', german)).toBe('2024-01-31')
  expect(read('date', 't', '31.01.2024', german)).toBe('2024-01-31')
  expect(read('numeric(10,2)', 'n', '1234.5', german)).toBe('1234.5')
  expect(read('numeric(10,2)', 't', '1.234,5', german)).toBe('1234.5')
  expect(read('boolean', 'b', 'true', german)).toBe('t')
  expect(read('boolean', 't', 'nein', german)).toBe('f')
})

test('times keep what they have, and a timestamptz needs its timezone from the mapping', () => {
  expect(read('timestamp', 'd', '2024-01-31 10:20:00')).toBe('2024-01-31 10:20:00')
  expect(read('date', 'd', '2024-01-31 10:20:00')).toBeUndefined()
  expect(read('date', 'd', '1900-02-29')).toBeUndefined()
  expect(read('timestamptz', 'd', '2024-01-31', { timezone: '+01:00' })).toBe('2024-01-31 00:00:00+01:00')
  expect(read('timestamptz', 'd', '2024-01-31')).toBeUndefined()
})

test('numbers have the digits that are shown, and a double those that are stored', () => {
  expect(read('numeric(10,2)', 'n', '59.699999999999996')).toBe('59.7')
  expect(read('text', 'n', '59.699999999999996')).toBe('59.7')
  expect(read('double', 'n', '59.699999999999996')).toBe('59.699999999999996')
  expect(read('bigint', 'n', '1234567890123456789')).toBe('1234567890123456789')
  expect(read('numeric(10,2)', 'n', '59.699')).toBeUndefined()
  expect(read('text', 't', '59.699999999999996')).toBe('59.699999999999996')
})

test('a cell of another kind is read as its text', () => {
  expect(read('text', 'd', '2024-01-31')).toBe('2024-01-31')
  expect(read('text', 'b', 'true')).toBe('true')
  expect(read('date', 'n', '20240131', { pattern: 'YYYYMMDD' })).toBe('2024-01-31')
  expect(read('boolean', 'n', '1')).toBe('t')
  expect(read('date', 'n', '45322')).toBeUndefined()
})

test('an error is no value, not even a text, but null where the mapping names it so', () => {
  expect(read('text', 'e', '#N/A')).toBeUndefined()
  expect(read('text', 'e', '#N/A', { null: ['#N/A'] }, true)).toBeNull()
  expect(read('integer', ' ', '', {}, true)).toBeNull()
  expect(read('integer', ' ', '')).toBeUndefined()
})
