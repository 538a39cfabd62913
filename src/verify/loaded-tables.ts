import type { Pool, PoolClient } from 'pg'
import type { StoredBase } from '../knowledge/settings.ts'
import { dropLoad } from '../knowledge/table-flips.ts'
import { loadTable, quoted, schemaOf } from '../knowledge/tables.ts'
import { inTransaction, snapshot } from '../knowledge/transaction.ts'
import type { Findings } from './findings.ts'
import { mayWrite } from './owners.ts'

interface ShownLoad {
  readonly name: string
  readonly load_id: string
  readonly rows: string
  readonly refused: string
  readonly expected: string | null
  readonly stored: string
  readonly held_back: string
}

/** Compares the tables that were loaded with the counts of their loads, and each view with the load that it is to show. */
export const checkLoadedTables = (pool: Pool, kb: StoredBase, findings: Findings): Promise<void> =>
  inTransaction(pool, snapshot, async client => {
    const { rows: shown } = await client.query<ShownLoad>(
      `select t.name, t.load_id, t.rows, t.refused, l.expected,
         coalesce(sum(c.rows), 0) as stored, coalesce(sum(c.refused), 0) as held_back
       from loaded_table t left join table_load l on l.id = t.load_id left join table_load_lane c on c.load_id = l.id
       where t.kb_id = $1 group by t.kb_id, t.name, l.id order by t.name`,
      [kb.id],
    )
    for (const load of shown)
      if (await checkView(client, kb, load, findings)) await checkRows(client, kb, load, findings)
    for (const { name, id, run } of await leftOverOf(client, kb))
      findings.add('load_left_over', {
        expected: `no load of ${name} but the one that is shown, and those under way`,
        found: `the load ${id}, of run ${run}`,
        message: `Run ${run} has left rows of the table ${name} of ${kb.id} that nobody sees.`,
      })
  })

/** False where the rows of the load cannot be counted. */
const checkView = async (client: PoolClient, kb: StoredBase, load: ShownLoad, findings: Findings): Promise<boolean> => {
  const view = `${schemaOf(kb.number)}.${quoted(load.name)}`
  const wanted = loadTable(kb.number, load.load_id)
  const { rows } = await client.query<{ there: boolean; view: boolean; shows: boolean; behind: string | null }>(
    `with behind as (
       select distinct d.refobjid as id from pg_rewrite r
       join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
         and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
       where r.ev_class = to_regclass($1))
     select to_regclass($2) is not null as there, to_regclass($1) is not null as view,
       coalesce((select array_agg(id) from behind) = array[to_regclass($2)::oid], false) as shows,
       (select string_agg(id::regclass::text, ', ') from behind) as behind`,
    [view, wanted],
  )
  const { there, view: exists, shows, behind } = rows[0]!
  if (!shows)
    findings.add('table_view', {
      expected: `${view} shows ${wanted}`,
      found: exists ? `it shows ${behind ?? 'no table'}` : 'no such view',
      message: `Readers of the table ${load.name} of ${kb.id} do not see the load that was the last to be whole.`,
    })
  return there
}

const checkRows = async (client: PoolClient, kb: StoredBase, load: ShownLoad, findings: Findings): Promise<void> => {
  const { name, rows, refused, stored, held_back, expected } = load
  const { rows: counts } = await client.query<{ count: string }>(
    `select count(*) as count from ${loadTable(kb.number, load.load_id)}`,
  )
  const { count } = counts[0]!
  const told = `${rows} rows and ${refused} rejects`
  const add = (wanted: string, found: string, message: string) =>
    findings.add('table_rows', { expected: wanted, found, message })
  if (count !== rows)
    add(
      `${rows} rows`,
      `${count} rows`,
      `The table ${name} of ${kb.id} has not the rows that it was made visible with.`,
    )
  if (rows !== stored || refused !== held_back)
    add(
      told,
      `${stored} rows and ${held_back} rejects`,
      `The lanes of the load of ${name} of ${kb.id} counted others than it was made visible with.`,
    )
  else if (expected === null || Number(expected) !== Number(rows) + Number(refused))
    add(`${expected ?? 'no'} rows from LOADING`, told, `The table ${name} of ${kb.id} is not what LOADING sent.`)
}

/** Loads that no view shows and no job owns, nor will see to: a later run that is under way drops those before it. */
const leftOverOf = async (client: PoolClient, kb: StoredBase) => {
  const { rows } = await client.query<{ id: string; name: string; run: string }>(
    `select l.id, l.name, l.run from table_load l
     where l.kb_id = $1 and not exists (select from loaded_table t where t.load_id = l.id)
       and not exists (select from job j where j.kb_id = l.kb_id and ${mayWrite}
         and (j.run = l.run or (j.kind = 'run' and j.run > l.run)))
     order by l.id`,
    [kb.id],
  )
  return rows
}

/** No job is admitted meanwhile, so none begins to own a load. Returns how many were dropped. */
export const dropLeftOverLoads = (pool: Pool, kb: StoredBase): Promise<number> =>
  inTransaction(pool, 'begin', async client => {
    await client.query('select 1 from admission for update')
    const left = await leftOverOf(client, kb)
    for (const { id } of left) await dropLoad(client, kb, id)
    return left.length
  })
