import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { afterEach, describe, expect, test } from 'vitest'
import { databases } from '../kit/databases.ts'
import { until } from '../kit/until.ts'
import { useStore } from './store-bench.ts'

const [, postgres] = databases.find(([name]) => name === 'PostgreSQL')!
const bench = useStore(postgres)
const clients: pg.Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end()
})

/** A worker of a lane that is frozen in a transaction; `lost` resolves when the database has ended it. */
const frozenIn = async (job: string, doing: (client: pg.Client) => Promise<unknown>) => {
  const client = new pg.Client(bench.database.pool.options)
  clients.push(client)
  const lost = new Promise<Error>(resolve => client.on('error', resolve))
  await client.connect()
  await client.query('begin')
  await client.query('select from applied where job_id = $1 for update', [job])
  await doing(client)
  return { lost }
}

/** PostgreSQL itself ends a transaction that is idle after 15 s, and a COPY that waits for its client never. */
const soonMs = 8_000

describe('a claim', () => {
  test('ends the COPY of a frozen worker, which holds the lane otherwise for ever', async () => {
    const job = await bench.newBase()
    const old = await bench.claimOf(job)
    await bench.database.pool.query('create table halfway (line text)')
    const { lost } = await frozenIn(job.job_id, async client => {
      client
        .query(copyFrom('copy halfway from stdin'))
        .on('error', () => undefined)
        .write('one\n')
      await until('the COPY to wait for its client', async () => {
        const { rows } = await bench.database.pool.query(
          `select from pg_stat_activity where query like 'copy halfway%' and wait_event = 'ClientRead'`,
        )
        return rows.length === 1
      })
    })
    const started = performance.now()
    expect((await bench.claimOf(job)).fence).toBe(old.fence + 1)
    expect(performance.now() - started).toBeLessThan(soonMs)
    await lost
    expect((await bench.database.pool.query('select from halfway')).rowCount).toBe(0)
  })

  test('ends the transaction of a worker that is frozen between two statements', async () => {
    const job = await bench.newBase()
    await bench.claimOf(job)
    const { lost } = await frozenIn(job.job_id, async () => undefined)
    const started = performance.now()
    await bench.claimOf(job)
    expect(performance.now() - started).toBeLessThan(soonMs)
    expect(await lost).toMatchObject({ code: '57P01' })
  })

  test('waits for a worker that still works', async () => {
    const job = await bench.newBase()
    await bench.claimOf(job)
    let slept: Promise<unknown> | null = null
    await frozenIn(job.job_id, async client => {
      slept = client.query('select pg_sleep(3)').then(() => client.query('commit'))
    })
    await bench.claimOf(job)
    await expect(slept).resolves.toMatchObject({ command: 'COMMIT' })
  })
})
