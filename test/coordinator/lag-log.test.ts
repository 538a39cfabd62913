import { expect, test } from 'vitest'
import { LagLog } from '../../src/coordinator/lag-log.ts'

const minutes = (n: number) => n * 60_000

test('a record is as old as the first look that saw it', () => {
  const log = new LagLog()
  expect(log.ageOf('a', 10, 10, 0)).toBe(0)
  expect(log.ageOf('a', 10, 20, minutes(1))).toBe(0)
  expect(log.ageOf('a', 10, 30, minutes(2))).toBe(60)
  expect(log.ageOf('a', 20, 30, minutes(3))).toBe(60)
  expect(log.ageOf('a', 30, 30, minutes(4))).toBe(0)
  expect(log.ageOf('a', 30, 31, minutes(9))).toBe(0)
})

test('lanes do not mix, and one that is no longer looked at is forgotten', () => {
  const log = new LagLog()
  log.ageOf('a', 0, 5, 0)
  expect(log.ageOf('b', 0, 5, minutes(1))).toBe(0)
  expect(log.ageOf('a', 0, 5, minutes(1))).toBe(60)
  log.keep(new Set(['b']))
  expect(log.ageOf('a', 0, 5, minutes(2))).toBe(0)
})

test('a lane that stands for long while others write to it keeps the age of its oldest record', () => {
  const log = new LagLog()
  for (let i = 0; i <= 10_000; i++) log.ageOf('a', 0, i + 1, i * 1000)
  expect(log.ageOf('a', 0, 10_001, 10_000_000)).toBe(10_000)
})
