import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import writeExcelFile, { type SheetData } from 'write-excel-file/node'
import { ended, start } from '../cli/run.ts'
import { type Installation, openInstallation } from '../kit/installation.ts'

const rows = 30_000
const badEvery = 1_999
const doubledEvery = 4_999
const isBad = (n: number) => n % badEvery === 0
const isDoubled = (n: number) => n % doubledEvery === 0
const numbers = Array.from({ length: rows }, (_, i) => i + 1)
const day = (n: number) => new Date(Date.UTC(2020, 0, 1 + (n % 1000)))

const orders: SheetData = [
  ['Order No', 'Customer', 'Amount', 'Paid', 'Day'],
  ...numbers.map(n => [
    isDoubled(n) ? n - 1 : n,
    `Müller & Söhne <${n}>`,
    isBad(n) ? 'viel' : n / 4,
    n % 2 === 0,
    { value: day(n), type: Date, format: 'dd/mm/yyyy' },
  ]),
]
const towns: SheetData = [
  ['Town', 'Height'],
  ['Chur', 593],
  ['Bern', 540.5],
]
const mapping = {
  tables: [
    {
      table: 'orders',
      files: ['book.xlsx'],
      sheet: 'Orders of all',
      columns: [
        { column: 'Order No', name: 'order_no', type: 'integer', key: true },
        { column: 'Customer', name: 'customer', type: 'text' },
        { column: 'Amount', name: 'amount', type: 'numeric(12,2)' },
        { column: 'Paid', name: 'paid', type: 'boolean' },
        { column: 'Day', name: 'day', type: 'date' },
      ],
    },
    {
      table: 'towns',
      files: ['book.xlsx'],
      sheet: 'Towns',
      columns: [
        { column: 'Town', name: 'town', type: 'text', key: true },
        { column: 'Height', name: 'height', type: 'double' },
      ],
      document: { title: '{{town}}', text: '{{town}} lies {{height}} metres above the sea.' },
    },
  ],
}

let penstock: Installation
beforeAll(async () => {
  penstock = await openInstallation([
    ...(['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'tabulating', 'finishing'] as const),
  ])
  await writeExcelFile([
    { data: towns, sheet: 'Towns' },
    { data: orders, sheet: 'Orders of all' },
  ]).toFile(join(penstock.corpus, 'book.xlsx'))
  writeFileSync(join(penstock.corpus, 'mapping.json'), JSON.stringify(mapping))
})
afterAll(() => penstock?.close())

test('a workbook is checked, and its sheets loaded while LOADING and TABULATING are killed: every row once', async () => {
  const { client, corpus } = penstock
  const checked = await ended(start(penstock.url, ['structured', 'check', join(corpus, 'mapping.json'), '--rows', '2']))
  expect(checked).toMatchObject({ code: 0, stderr: '' })
  expect(checked.stdout).toMatch(
    /ROW +order_no \(integer\) +customer \(text\) +amount .*\n +1 +1 +Müller & Söhne <1> +0\.25 +f +2020-01-02\n/,
  )
  expect(checked.stdout).toContain('The mapping fits its files.')

  const source = { type: 'structured' as const, path: '.', mapping_file: 'mapping.json' }
  const { job_id } = await client.ingest({ body: { kb_id: 'sales', sources: [source], parallelism: 2 } })
  const loaded = (share: number) =>
    penstock.jobThat(job_id, 'rows', job => job.phase_details[0]!.items_processed > share * rows, 120_000)
  await loaded(0.1)
  await penstock.worker('loading').replace()
  await loaded(0.5)
  await penstock.worker('tabulating').replace()
  const job = await penstock.ended(job_id, 240_000)
  const bad = numbers.filter(isBad)
  const doubled = numbers.filter(n => isDoubled(n) && !isBad(n))
  expect(job).toMatchObject({ status: 'completed', error: null })
  expect(job.metrics).toMatchObject({ documents: 2, rejected: bad.length + doubled.length })

  const { rows: found } = await penstock.pool.query(
    'select count(*)::int as rows, count(distinct order_no)::int as keys, sum(amount) as amount, min(day)::text as first from kb_1.orders',
  )
  const kept = numbers.filter(n => !isBad(n) && !isDoubled(n))
  const amount = kept.reduce((sum, n) => sum + n, 0) / 4
  expect(found).toEqual([{ rows: kept.length, keys: kept.length, amount: amount.toFixed(2), first: '2020-01-01' }])
  const { rows: letters } = await penstock.pool.query<{ code: string; uri: string; message: string }>(
    'select code, uri, message from dead_letter where job_id = $1',
    [job_id],
  )
  const named = (code: string) =>
    letters
      .filter(one => one.code === code)
      .map(({ uri }) => Number(uri.split('/book.xlsx?sheet=Orders%20of%20all#row=')[1]))
      .sort((a, b) => a - b)
  expect({ bad: named('bad_row'), doubled: named('duplicate_key') }).toEqual({ bad, doubled })
  expect(letters.find(({ code }) => code === 'bad_row')!.message).toMatch(/row \d+ of the sheet Orders of all/)

  const { hits } = await client.search({ body: { kb_id: 'sales', query: 'how high is Bern?', top_k: 1 } })
  expect(hits[0]!.text).toBe('Bern lies 540.5 metres above the sea.')
  await penstock.ledger.caughtUp()
  expect(penstock.ledger.faults(job_id)).toEqual([])
  const verified = async () => {
    const { status, totals } = await client.verify({ params: { kb_id: 'sales' }, query: {} })
    return { status, codes: totals.map(({ code }) => code) }
  }
  expect(await verified()).toEqual({ status: 'clean', codes: [] })

  await penstock.pool.query('delete from kb_1.orders where order_no = 1')
  expect(await verified()).toEqual({ status: 'differs', codes: ['table_rows'] })
  const again = await client.ingest({ body: { kb_id: 'sales', sources: [source], parallelism: 2 } })
  const { metrics } = await penstock.ended(again.job_id, 240_000)
  expect(metrics).toMatchObject({ documents: 2, rows: job.metrics.rows, chunks: 0 })
  expect(await verified()).toEqual({ status: 'clean', codes: [] })
}, 500_000)
