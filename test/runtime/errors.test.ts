import { expect, test } from 'vitest'
import { Fatal, isDefect, isOutOfReach, Reject, Wait } from '../../src/runtime/errors.ts'

const coded = (code: string, options?: ErrorOptions) => Object.assign(new Error('no', options), { code })

test.each([
  ['a TypeError', new TypeError('x is not a function')],
  ['an error of JavaScript with its code', coded('ERR_INVALID_ARG_TYPE')],
  ['something thrown that is no error', 'no'],
  ['an error caused by a defect', new Error('no', { cause: new RangeError('too deep') })],
])('%s is a defect', (_, error) => {
  expect(isDefect(error)).toBe(true)
})

test.each([
  ['a connection that was refused', coded('ECONNREFUSED')],
  ['a fetch that failed because of one', new TypeError('fetch failed', { cause: coded('ECONNREFUSED') })],
  ['what a database answers', coded('22P02')],
  ['what a provider answers', coded('provider_503')],
  ['a connection to PostgreSQL that was lost', new Error('Connection terminated unexpectedly')],
  ['an abort', new DOMException('This operation was aborted', 'AbortError')],
  ['a Reject', new Reject('too_long', 'no')],
  ['a Fatal', new Fatal('http_401', 'no')],
  ['a Wait', new Wait('http_429', 'no', 1)],
])('%s is none', (_, error) => {
  expect(isDefect(error)).toBe(false)
})

test.each([
  coded('ECONNREFUSED'),
  coded('authentication_failed'),
  coded('untrusted_certificate'),
  coded('tls_mismatch'),
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
