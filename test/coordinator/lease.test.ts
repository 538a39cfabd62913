import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLease, LeaseLost } from '../../src/coordinator/lease.ts'
import { openPostgres } from '../kit/databases.ts'
import { until } from '../kit/until.ts'
import { openTestDatabase } from './database.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase(openPostgres)
})
afterAll(() => database.close())
beforeEach(() => database.empty())

const leaseMs = 400
const lease = (holder: string, ms = leaseMs) => createLease(database.em, holder, ms)

const remainingMs = async (): Promise<number> => {
  const rows = await database.em
    .fork()
    .execute<{ ms: string }[]>(`select extract(epoch from until - clock_timestamp()) * 1000 as ms from lease`)
  return Number(rows[0]!.ms)
}

/** Locks the row, as a transaction of the coordinator does that froze in it, until `work` has waited longer than a lease. */
const whileLocked = async <T>(work: () => Promise<T>): Promise<T> => {
  const { working } = await database.em.fork().transactional(async tx => {
    await tx.execute(`select from lease for update`)
    const working = work()
    await until('a wait for the lock that is longer than a lease', async () => {
      const waiting = await database.em.fork().execute(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
           and clock_timestamp() - query_start > ${2 * leaseMs} * interval '1 millisecond'`,
      )
      return waiting.length > 0
    })
    return { working }
  })
  return working
}

test('one holder at a time, and an epoch that grows with every change of hands', async () => {
  const first = await lease('one', 60_000).acquire()
  expect(await lease('two').acquire()).toBeNull()
  await lease('one').release(first!)
  expect(await lease('two').acquire()).toBe(first! + 1)
  await expect(lease('one').renew(first!)).rejects.toThrow(LeaseLost)
})

test('a lease that had to be waited for lasts from when it was had', async () => {
  expect(await whileLocked(() => lease('one').acquire())).not.toBeNull()
  expect(await remainingMs()).toBeGreaterThan(0)
})

test('a renewal that had to wait lasts from when it was done', async () => {
  const epoch = await lease('one').acquire()
  await whileLocked(() => lease('one').renew(epoch!))
  expect(await remainingMs()).toBeGreaterThan(0)
})
