import { describe, expect, test } from 'vitest'
import type { ColumnFormat } from '../../../src/sources/specs/mapping.ts'
import { cellReader } from '../../../src/sources/structured/cells.ts'

const read = (type: string, cell: string, format: ColumnFormat = {}, nullable = false) =>
  cellReader({ name: 'c', type, nullable, format }).read(cell)

describe('a cell', () => {
  test.each([
    ['integer', '42', '42'],
    ['integer', '+007', '7'],
    ['integer', '-2147483648', '-2147483648'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['numeric', '-0.50', '-0.5'],
    ['numeric', '000', '0'],
    ['numeric(5,2)', '123.40', '123.4'],
    ['double', '1e-3', '0.001'],
    ['boolean', 'YES', 't'],
    ['date', '2024-02-29', '2024-02-29'],
    ['timestamp', '2024-01-02T03:04:05.5', '2024-01-02 03:04:05.5'],
    ['timestamptz', '2024-01-02T03:04:05+02:00', '2024-01-02 03:04:05+02:00'],
    ['json', '{"a": [1, null]}', '{"a": [1, null]}'],
    ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['text', '', ''],
  ])('of %s that says %j is %j', (type, cell, expected) => {
    expect(read(type, cell)).toBe(expected)
  })

  test.each([
    ['integer', '2147483648'],
    ['integer', '1.0'],
    ['integer', ' 1'],
    ['bigint', '9223372036854775808'],
    ['numeric(5,2)', '1234.5'],
    ['numeric(5,2)', '1.234'],
    ['numeric', '.'],
    ['numeric', ''],
    ['double', '1e999'],
    ['double', 'NaN'],
    ['boolean', 'maybe'],
    ['date', '2023-02-29'],
    ['date', '2024-13-01'],
    ['date', '2024-01-01 10:00'],
    ['timestamp', '2024-01-02T24:00:00'],
    ['timestamp', '2024-01-02T03:04:05Z'],
    ['timestamptz', '2024-01-02T03:04:05'],
    ['json', '{a: 1}'],
    ['json', '"\\u0000"'],
    ['json', '"\\ud800"'],
    ['uuid', 'a0eebc99'],
    ['text', 'a\0b'],
  ])('of %s that says %j is refused', (type, cell) => {
    expect(read(type, cell)).toBeUndefined()
  })

  test.each<[string, string, ColumnFormat, string | undefined]>([
    ['numeric(12,2)', '1.234.567,89', { decimal: ',', thousands: '.' }, '1234567.89'],
    ['numeric(12,2)', '1.2345,89', { decimal: ',', thousands: '.' }, undefined],
    ['numeric(12,2)', '1.5', { decimal: ',' }, undefined],
    ['integer', '12 345', { thousands: ' ' }, '12345'],
    ['date', '31.12.2024', { pattern: 'DD.MM.YYYY' }, '2024-12-31'],
    ['date', '1/2/2024', { pattern: 'M/D/YYYY' }, '2024-01-02'],
    ['date', '05-Mar-2024', { pattern: 'DD-MMM-YYYY' }, '2024-03-05'],
    ['date', '05-Foo-2024', { pattern: 'DD-MMM-YYYY' }, undefined],
    [
      'timestamptz',
      '31.12.2024 23:59',
      { pattern: 'DD.MM.YYYY HH:mm', timezone: '+01:00' },
      '2024-12-31 23:59:00+01:00',
    ],
    ['boolean', 'Ja', { true: ['ja'], false: ['nein'] }, 't'],
    ['boolean', 'true', { true: ['ja'], false: ['nein'] }, undefined],
    ['integer', ' 7 ', { trim: true }, '7'],
  ])('of %s that says %j is read as configured', (type, cell, format, expected) => {
    expect(read(type, cell, format)).toBe(expected)
  })

  test('that is one of the null words is null where it may be, and refused where not', () => {
    expect(read('integer', 'n/a', { null: ['n/a'] }, true)).toBeNull()
    expect(read('integer', 'n/a', { null: ['n/a'] })).toBeUndefined()
    expect(read('text', '', {}, true)).toBeNull()
    expect(read('text', 'n/a', {}, true)).toBe('n/a')
  })
})

test('a numeric of more characters than are looked at is refused, whatever it is made of', () => {
  expect(read('numeric', `${'0'.repeat(1999)}1`)).toBe('1')
  for (const digits of ['0', '1']) expect(read('numeric', `${digits.repeat(2000)}1`)).toBeUndefined()
})
