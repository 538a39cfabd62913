import { expect, test } from 'vitest'
import { checkVectors } from '../../src/models/vectors.ts'

const settings = { model: 'm', dimensions: 2 }
const check = (...vectors: readonly number[][]) =>
  checkVectors(
    vectors.map(numbers => Float32Array.from(numbers)),
    1,
    settings,
  )

test('takes a vector of finite numbers of the right length', () => {
  expect(() => check([0, -65504])).not.toThrow()
})

test.each([
  ['none', []],
  [
    'too many',
    [
      [1, 1],
      [1, 1],
    ],
  ],
  ['too short', [[1]]],
  ['too long', [[1, 1, 1]]],
  ['not a number', [[1, Number.NaN]]],
  ['infinite', [[Number.NEGATIVE_INFINITY, 1]]],
  ['too large for the store', [[1, 65600]]],
  ['zeros', [[0, 0]]],
])('refuses one that is %s', (_, vectors) => {
  expect(() => check(...vectors)).toThrow(expect.objectContaining({ code: 'bad_vectors' }))
})
