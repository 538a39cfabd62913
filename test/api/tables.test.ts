import { expect, test } from 'vitest'
import { rowPage, type TableSummary, tableList, tableSummary } from '../../src/api/contract/tables.ts'
import { createServer } from '../../src/api/server.ts'
import { fakePorts } from './fake-ports.ts'

const orders: TableSummary = {
  name: 'orders',
  sql_name: 'kb_1."orders"',
  columns: [{ name: 'no', type: 'bigint', nullable: false, key: true }],
  rows: 2,
  rejected: 1,
  source: 'structured:/orders.csv',
  files: ['file:///orders.csv'],
  loaded_at: '2026-11-23T06:00:00.000Z',
}
const withOrders = () => {
  const ports = fakePorts()
  ports.stored.tables.push(orders)
  return ports
}
const get = (ports: ReturnType<typeof fakePorts>, url: string) =>
  createServer(ports).inject(`/api/knowledge-bases/${url}`)

test('tables are listed and shown, and what is not there is said', async () => {
  const ports = withOrders()
  expect(tableList.parse((await get(ports, 'handbook/tables')).json())).toEqual({ tables: [orders] })
  expect(tableSummary.parse((await get(ports, 'handbook/tables/orders')).json())).toEqual(orders)
  expect((await get(ports, 'other/tables')).statusCode).toBe(404)
  const none = await get(ports, 'handbook/tables/none')
  expect([none.statusCode, none.json().error.message]).toEqual([404, "There is no table in handbook 'none'."])
})

test('rows are paged, by conditions whose values are texts for the store', async () => {
  const ports = withOrders()
  ports.stored.rows = { rows: [{ no: '1' }], next: 'more' }
  const where = encodeURIComponent('{"no": 1, "paid": true, "note": null}')
  const page = await get(ports, `handbook/tables/orders/rows?limit=1&after=x&where=${where}`)
  expect(rowPage.parse(page.json())).toEqual({ rows: [{ no: '1' }], next: 'more' })
  expect(ports.asked.rows).toEqual([{ limit: 1, after: 'x', where: { no: '1', paid: 'true', note: null } }])
})

test.each(['[1]', '{"a": {}}', 'a=b', `{${Array.from({ length: 9 }, (_, i) => `"c${i}": 1`).join()}}`])(
  'conditions such as %s are refused',
  async where => {
    const answer = await get(withOrders(), `handbook/tables/orders/rows?where=${encodeURIComponent(where)}`)
    expect(answer.statusCode).toBe(422)
    expect(answer.json().error.details.mistakes).toMatchObject([{ path: 'query.where' }])
  },
)

test('a mapping that does not fit is refused with every mistake', async () => {
  const ports = withOrders()
  const mistakes = [
    { path: 'mapping_file', message: 'tables[0].columns[0].column names the column "No"' },
    { path: 'path', message: 'is not there' },
  ]
  ports.stored.structured = { mistakes }
  const payload = { source: { type: 'structured', path: 'a.csv', mapping_file: 'm.yaml' } }
  const answer = await createServer(ports).inject({ method: 'POST', url: '/api/structured/check', payload })
  expect(answer.statusCode).toBe(422)
  expect(answer.json().error.details.mistakes.map(({ path }: { path: string }) => path)).toEqual([
    'source.mapping_file',
    'source.path',
  ])
})
