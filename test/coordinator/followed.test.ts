import { pino } from 'pino'
import { expect, test } from 'vitest'
import { FollowedRow } from '../../src/coordinator/entities.ts'
import { deadLetters } from '../../src/schemas/topics.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'

const bench = useBench()

const saved = async (lane: number) =>
  (await bench.em.fork().findOne(FollowedRow, { topic: deadLetters.name, lane }))?.next ?? null

test('what retention has deleted unread is said with its range, once, and the rest is read', async () => {
  const told: Record<string, unknown>[] = []
  const log = pino({ level: 'error' }, { write: line => told.push(JSON.parse(line)) })
  const garbage = (lane: number) => bench.line.garbage(deadLetters.name, lane)
  await garbage(1)
  const first = await bench.coordinator()
  await until('the first is read', async () => (await saved(1)) !== null)
  await first.stop()
  const read = (await saved(1))!
  for (let i = 0; i < 3; i++) for (const lane of [1, 2]) await garbage(lane)
  const { broker } = bench.line
  const ends = { 1: (await broker.range(deadLetters.name, 1)).end, 2: (await broker.range(deadLetters.name, 2)).end }
  await broker.deleteRecords(deadLetters.name, 1, ends[1])
  await broker.deleteRecords(deadLetters.name, 2, ends[2])
  const second = await bench.coordinator({ log })
  await until('it goes on behind them', async () => (await saved(1)) === ends[1] && (await saved(2)) === ends[2])
  await garbage(1)
  await until('what comes is read', async () => (await saved(1))! > ends[1])
  await second.stop()
  const third = await bench.coordinator({ log })
  await garbage(1)
  await until('what comes is read again', async () => (await saved(1))! > ends[1] + 1)
  await third.stop()
  expect(told.filter(({ code }) => code === 'expired')).toMatchObject([
    { topic: deadLetters.name, lane: 1, from: read, to: ends[1] },
    { topic: deadLetters.name, lane: 2, from: 0, to: ends[2] },
  ])
})
