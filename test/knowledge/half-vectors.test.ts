import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { halfvecArray, halfvecBytes, writeHalfvec } from '../../src/knowledge/half-vectors.ts'
import { databases, type TestDatabase } from '../kit/databases.ts'

let opened: TestDatabase
beforeAll(async () => {
  opened = await databases[0][1]()
  await opened.database.pool.query('create extension vector')
})
afterAll(() => opened?.close())

test('what is written is what pgvector makes of the same numbers, nulls included', async () => {
  const { pool } = opened.database
  const [{ oid }] = (await pool.query(`select 'halfvec'::regtype::int as oid`)).rows
  const number = fc.float({ min: -65504, max: 65504, noNaN: true, noDefaultInfinity: true })
  const vector = fc.option(fc.array(number, { minLength: 3, maxLength: 3 }).map(numbers => new Float32Array(numbers)))
  await fc.assert(
    fc.asyncProperty(fc.array(vector, { minLength: 1, maxLength: 20 }), async vectors => {
      const texts = vectors.map(one => one && `[${one.join(',')}]`)
      const { rows } = await pool.query('select $1::halfvec[] = $2::text[]::vector(3)[]::halfvec[] as same', [
        halfvecArray(vectors, Number(oid)),
        texts,
      ])
      expect(rows).toEqual([{ same: true }])
    }),
    { numRuns: 50 },
  )
})

test('a vector is as long as it says', () => {
  const target = Buffer.alloc(halfvecBytes(3))
  expect(writeHalfvec(new Float32Array([1, -2, 0.5]), target, 0)).toBe(target.length)
  expect(target.toString('hex')).toBe('000300003c00c0003800')
})
