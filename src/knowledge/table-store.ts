import type { Pool, PoolClient } from 'pg'
import type { Effects, RefusedPart } from '../runtime/effects.ts'
import type { Rows } from '../schemas/rows.ts'
import type { TableEnd } from '../schemas/table-end.ts'
import { createEffects } from './applied.ts'
import type { TableWriter } from './knowledge-base.ts'
import { storedBase } from './settings.ts'
import { storeRows } from './store-rows.ts'
import { countLoaded, endLoad, loadOf } from './table-loads.ts'
import { copyRows, insertRows, type LoadRow, type RowWriter } from './table-writers.ts'

/** What TABULATING writes to. It does not own the pool. */
export const createTableStore = ({
  pool,
  embedded,
}: {
  readonly pool: Pool
  readonly embedded: boolean
}): Effects<TableWriter> =>
  createEffects({ pool, embedded, writerOf: client => createTableWriter(client, embedded ? insertRows : copyRows) })

/** Binds the writer of TABULATING to one transaction. */
const createTableWriter = (client: PoolClient, write: RowWriter): TableWriter => ({
  async tabulate(job, lane, records) {
    const { number } = await storedBase(client, job.kb_id)
    const refused = new Map<number, readonly RefusedPart[]>()
    const tables = Map.groupBy(records.keys(), i => `${records[i]!.source}\u001f${records[i]!.table}`)
    for (const places of tables.values()) {
      const { id: load, columns } = await loadOf(client, number, job, records[places[0]!]!)
      const of = new Map<LoadRow, number>()
      for (const i of places) for (const row of rowsOf(records[i]!)) of.set(row, i)
      const found = await storeRows(client, { number, load, columns }, [...of.keys()], write)
      for (const [i, those] of Map.groupBy(found, ({ row }) => of.get(row)!))
        refused.set(
          i,
          those.map(({ row, reject }) => ({ uri: `${row.uri}#row=${row.row}`, reject })),
        )
      await countLoaded(client, load, lane, of.size - found.length, found.length)
      for (const i of places) {
        const record = records[i]!
        if (record.type === 'table_end') await endLoad(client, load, record)
      }
    }
    return refused
  },
})

const rowsOf = (record: Rows | TableEnd): readonly LoadRow[] =>
  record.type === 'rows'
    ? record.rows.map(({ row, cells }) => ({ file: record.file, uri: record.uri, row, cells }))
    : []
