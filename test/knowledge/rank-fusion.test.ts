import { expect, test } from 'vitest'
import { fuse } from '../../src/knowledge/rank-fusion.ts'

test('what stands in both lists comes before what leads one, and of equal ones the earlier list leads', () => {
  const fused = fuse(
    [
      ['z', 'both', 'c'],
      ['b', 'both'],
    ],
    key => key,
  )
  expect(fused.map(({ item }) => item)).toEqual(['both', 'z', 'b', 'c'])
  expect(fused[0]!.score).toBeCloseTo(2 / 62, 12)
  expect(fused[1]!.score).toBeCloseTo(1 / 61, 12)
})
