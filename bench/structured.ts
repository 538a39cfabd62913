/**
 * Loads a CSV file of many bytes into a table, with LOADING paused and resumed twice and killed once on the way, on a
 * real Kafka and a real PostgreSQL and with a process for each role. Prints the pace and the most memory that LOADING
 * had, and whether every row is in the table once and every bad row in the dead letters (else exit code 1).
 *
 *     npm run bench:structured -- [--megabytes 1200] [--lanes 2]
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openInstallation } from '../test/kit/installation.ts'
import { ordersMapping, writeOrders } from '../test/kit/orders-csv.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'

const { values } = parseArgs({
  options: { megabytes: { type: 'string', default: '1200' }, lanes: { type: 'string', default: '2' } },
})
const postgres = await startTestPostgres()
const penstock = await openInstallation(
  ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'tabulating', 'finishing'],
  {},
  () => testDatabase(postgres.url),
)
const { client, pool } = penstock

const began = performance.now()
const seconds = (from: number) => ((performance.now() - from) / 1000).toFixed(1)
const made = await writeOrders(join(penstock.corpus, 'orders.csv'), Number(values.megabytes) * 1e6)
console.log(`made ${made.rows} rows, ${(made.bytes / 1e6).toFixed(0)} MB in ${seconds(began)} s`)

const loading = penstock.worker('loading')
const most = new Map<number, number>()
const watch = setInterval(() => {
  try {
    const status = readFileSync(`/proc/${loading.pid}/status`, 'utf8')
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
    most.set(loading.pid, Math.max(peak, most.get(loading.pid) ?? 0))
  } catch {
    // Between its end and its successor it has none.
  }
}, 200)

const started = performance.now()
const { job_id } = await client.ingest({
  body: {
    kb_id: 'tables',
    sources: [{ type: 'structured', path: 'orders.csv', mapping: ordersMapping }],
    parallelism: Number(values.lanes),
  },
})
const at = (share: number) =>
  penstock.jobThat(
    job_id,
    `${share * 100} % of the rows`,
    job => job.phase_details[0]!.items_processed > made.rows * share,
    3_600_000,
  )
const pause = async () => {
  const asked = performance.now()
  await client.pause({ params: { kb_id: 'tables' }, body: {} })
  await penstock.jobThat(job_id, 'the pause', job => job.status === 'paused')
  console.log(`paused in ${seconds(asked)} s, ${seconds(started)} s after the start`)
  await client.resume({ params: { kb_id: 'tables' }, body: {} })
}
await at(0.2)
await pause()
await at(0.4)
await loading.replace(() => console.log(`LOADING killed -9, ${seconds(started)} s after the start`))
await at(0.6)
await pause()
const job = await penstock.ended(job_id, 3_600_000)
const took = (performance.now() - started) / 1000
clearInterval(watch)

console.log(
  `${job.status} after ${took.toFixed(1)} s: ${Math.round(made.rows / took)} rows/s, ${(made.bytes / 1e6 / took).toFixed(1)} MB/s`,
)
for (const { name, items_processed, items_rejected, started_at, completed_at } of job.phase_details)
  console.log(`  ${name} ${items_processed} items, ${items_rejected} rejected, ${started_at} to ${completed_at}`)
console.log(`most memory of LOADING: ${[...most.values()].map(mb => `${mb.toFixed(0)} MB`).join(', then ')}`)

const { rows: bases } = await pool.query<{ number: number }>(`select number from knowledge_base where id = 'tables'`)
const orders = `kb_${bases[0]?.number}.orders`
const { rows: counted } = await pool.query<{ rows: string; keys: string; least: string; most: string }>(
  `select count(*) as rows, count(distinct order_no) as keys, min(order_no) as least, max(order_no) as most from ${orders}`,
)
const { rows: letters } = await pool.query<{ code: string; uri: string }>(
  'select code, uri from dead_letter where job_id = $1',
  [job_id],
)
const numbers = (code: string) =>
  letters
    .filter(one => one.code === code)
    .map(({ uri }) => Number(uri.split('#row=')[1]))
    .sort((a, b) => a - b)
const same = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((one, i) => one === b[i])
const expected = made.rows - made.bad.length - made.doubled.length
console.log(`rows in the table: ${JSON.stringify(counted[0])}, expected ${expected}`)
const checks = {
  'the job is completed': job.status === 'completed',
  'every row is in the table once': Number(counted[0]!.rows) === expected && Number(counted[0]!.keys) === expected,
  'bad rows are listed exactly': same(numbers('bad_row'), made.bad),
  'doubled keys are listed exactly': same(numbers('duplicate_key'), made.doubled),
  'LOADING had under 300 MB': [...most.values()].every(mb => mb < 300),
}
for (const [what, holds] of Object.entries(checks)) console.log(`${holds ? 'yes' : 'NO '} ${what}`)
await penstock.ledger.caughtUp()
const faults = penstock.ledger.faults(job_id)
console.log(`slices that did not follow one another: ${faults.length}`)
process.exitCode = faults.length === 0 && Object.values(checks).every(Boolean) ? 0 : 1
await penstock.close()
await postgres.stop()
