import { expect, test } from 'vitest'
import { storable } from '../../src/schemas/storable.ts'

test('what PostgreSQL cannot hold is replaced, and all else is kept', () => {
  expect(storable('a\0b\uD800c')).toBe('a\uFFFDb\uFFFDc')
  expect(storable('tab\t, newline\n, 🦊')).toBe('tab\t, newline\n, 🦊')
})
