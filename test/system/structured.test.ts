import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Installation, openInstallation } from '../kit/installation.ts'
import { ordersMapping, writeOrders } from '../kit/orders-csv.ts'

let penstock: Installation
let made: Awaited<ReturnType<typeof writeOrders>>

beforeAll(async () => {
  penstock = await openInstallation([
    ...(['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'tabulating', 'finishing'] as const),
  ])
  made = await writeOrders(join(penstock.corpus, 'orders.csv'), 8_000_000)
})
afterAll(() => penstock?.close())

test('a table that is loaded while LOADING and TABULATING are killed has every row once, and every bad row is named', async () => {
  const { client } = penstock
  const source = { type: 'structured' as const, path: 'orders.csv', mapping: ordersMapping }
  const { job_id } = await client.ingest({ body: { kb_id: 'sales', sources: [source], parallelism: 2 } })
  const loaded = (share: number) =>
    penstock.jobThat(job_id, 'rows', job => job.phase_details[0]!.items_processed > share * made.rows, 120_000)
  await loaded(0.1)
  await penstock.worker('loading').replace()
  await loaded(0.4)
  await penstock.worker('tabulating').replace()
  const job = await penstock.ended(job_id, 240_000)
  const rows = made.rows - made.bad.length - made.doubled.length
  expect(job).toMatchObject({ status: 'completed', error: null, metrics: { documents: 0 } })
  expect(job.metrics.rejected).toBe(made.bad.length + made.doubled.length)

  const params = { kb_id: 'sales', table: 'orders' }
  expect(await client.table({ params })).toMatchObject({ rows, rejected: made.bad.length + made.doubled.length })
  const { rows: found } = await penstock.pool.query(
    `select count(*)::int as rows, count(distinct order_no)::int as keys, sum(order_no) as sum from kb_1.orders`,
  )
  const gone = [...made.bad, ...made.doubled].reduce((sum, n) => sum + n, 0)
  expect(found).toEqual([{ rows, keys: rows, sum: String((made.rows * (made.rows + 1)) / 2 - gone) }])
  const { rows: letters } = await penstock.pool.query<{ code: string; uri: string }>(
    'select code, uri from dead_letter where job_id = $1',
    [job_id],
  )
  const named = (code: string) =>
    letters
      .filter(one => one.code === code)
      .map(({ uri }) => Number(uri.split('#row=')[1]))
      .sort((a, b) => a - b)
  expect({ bad: named('bad_row'), doubled: named('duplicate_key') }).toEqual({ bad: made.bad, doubled: made.doubled })
  await penstock.ledger.caughtUp()
  expect(penstock.ledger.faults(job_id)).toEqual([])

  const page = await client.tableRows({ params, query: { limit: 1, where: JSON.stringify({ order_no: 50 }) } })
  expect(page.rows).toEqual([
    {
      order_no: '50',
      customer: 'Müller & Söhne, Nr. 50',
      city: 'Zürich',
      amount: '6050.50',
      paid: false,
      day: '2015-03-23',
      sent_at: '2024-05-01T10:50:00.000000Z',
      note: 'first line\r\nsecond "line" of 50',
    },
  ])
  expect((await client.verify({ params: { kb_id: 'sales' }, query: {} })).status).toBe('clean')
}, 500_000)
