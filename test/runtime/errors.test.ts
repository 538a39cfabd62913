import { expect, test } from 'vitest'
import { isOutOfReach, Reject } from '../../src/runtime/errors.ts'

const coded = (code: string) => Object.assign(new Error('coded'), { code })

test.each([
  coded('ECONNREFUSED'),
  coded('57P01'),
  coded('40001'),
  new Error('Connection terminated unexpectedly'),
  new Error('timeout exceeded when trying to connect'),
])('out of reach is %s, and what it caused', error => {
  expect(isOutOfReach(error)).toBe(true)
  expect(isOutOfReach(new Error('query failed', { cause: error }))).toBe(true)
})

test('a fault of the work is not out of reach', () => {
  for (const error of [new Reject('bad', 'bad'), new Error('bad'), coded('23505'), null, 'closed'])
    expect(isOutOfReach(error)).toBe(false)
})

test('an error that is its own cause is no endless loop', () => {
  const error = new Error('bad')
  error.cause = error
  expect(isOutOfReach(error)).toBe(false)
})
