import assert from 'node:assert/strict'
import { pathToFileURL } from 'node:url'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import { structuredSpec } from '../../src/sources/specs/structured.ts'
import type { Installation } from '../kit/installation.ts'
import { referenceOf } from '../kit/reference.ts'
import { chunking, counts, embeddingOf, lanes } from '../system/scenario.ts'
import { pick } from './random.ts'
import type { Subject } from './subject.ts'

const folder = 'orders'
const files = ['1.csv', '2.csv'] as const
/** Three bites of rows that have documents. */
const rowsPerFile = 520
/** A row with the key of one so many rows before it, whose amount must not be the one that is stored. */
const back = 200
const isBad = (n: number) => n % 97 === 0
const isDoubled = (n: number) => n > back && n % 181 === 0 && !isBad(n) && !isBad(n - back)
const keyOf = (n: number) => (isDoubled(n) ? n - back : n)
const numbers = Array.from({ length: files.length * rowsPerFile }, (_, i) => i + 1)
const textOf = (n: number) =>
  `Order ${n}: ${Array.from({ length: 30 }, (_, i) => `word${(n * 7919 + i * 104_729) % 5000}`).join(' ')}`
const line = (n: number) => `${keyOf(n)};${textOf(n)};${isBad(n) ? 'many' : n}\n`

const stored = numbers.filter(n => !isBad(n) && !isDoubled(n)).map(n => ({ order_no: n, amount: n }))

const mapping = {
  tables: [
    {
      table: 'orders',
      files: [...files],
      delimiter: ';',
      columns: [
        { column: 'No', name: 'order_no', type: 'integer', key: true },
        { column: 'Text', name: 'text', type: 'text' },
        { column: 'Amount', name: 'amount', type: 'integer' },
      ],
      // Of each row, also of one whose key was there before: LOADING does not know of that.
      document: { uri: 'orders:{{amount}}', text: '{{text}}' },
    },
  ],
}

const sourceOf = ({ corpus }: Installation) => ({ type: 'structured' as const, path: `${corpus}/${folder}`, mapping })

const writeFiles = (penstock: Installation) => {
  for (const [i, name] of files.entries()) {
    const own = numbers.slice(i * rowsPerFile, (i + 1) * rowsPerFile)
    penstock.write(`${folder}/${name}`, `No;Text;Amount\n${own.map(line).join('')}`)
  }
}

/** The dead letters that there have to be, by code and row. */
const refused = ({ corpus }: Installation): readonly string[] =>
  numbers
    .flatMap(n => {
      const code = isBad(n) ? 'bad_row' : isDoubled(n) ? 'duplicate_key' : null
      const file = files[Math.floor((n - 1) / rowsPerFile)]!
      const { href } = pathToFileURL(`${corpus}/${folder}/${file}`)
      return code === null ? [] : [`${code} ${href}#row=${((n - 1) % rowsPerFile) + 1}`]
    })
    .toSorted()

/** The table as readers see it is that of the files, of one load, and there is no other. */
const assertTable = async (penstock: Installation, job: string, kb: string) => {
  const { pool } = penstock
  const { rows: loaded } = await pool.query<{ number: number; load_id: string }>(
    'select b.number, t.load_id from knowledge_base b join loaded_table t on t.kb_id = b.id where b.id = $1',
    [kb],
  )
  assert.equal(loaded.length, 1, 'tables')
  const { number, load_id } = loaded[0]!
  const { rows: seen } = await pool.query(`select order_no, amount from kb_${number}.orders order by order_no`)
  assert.deepEqual(seen, stored)
  const { rows: letters } = await pool.query<{ line: string }>(
    `select code || ' ' || uri as line from dead_letter where job_id = $1`,
    [job],
  )
  assert.deepEqual(letters.map(one => one.line).toSorted(), refused(penstock))
  const { rows: tables } = await pool.query('select tablename from pg_tables where schemaname = $1', [`kb_${number}`])
  assert.deepEqual(tables, [{ tablename: `_load_${load_id}` }], 'tables of loads')
  const { rows: shown } = await pool.query(
    'select table_name from information_schema.view_table_usage where view_schema = $1 and view_name = $2',
    [`kb_${number}`, 'orders'],
  )
  assert.deepEqual(shown, [{ table_name: `_load_${load_id}` }], 'what the table shows')
}

const assertChunks = async (penstock: Installation, kb: string) => {
  const sources = [JSON.stringify(structuredSpec.parse(sourceOf(penstock)))]
  const settings = { kb_id: kb, chunking, embedding: embeddingOf(kb), sources }
  const reference = await referenceOf(settings, penstock.corpus)
  assert.deepEqual(await penstock.vectors(kb), await penstock.vectorsOf(reference))
}

let undisturbed: JobStatus | null = null

/** Rows of two files that become a table and, each, a document: TABULATING is a branch beside the line. */
export const tableJob: Subject = {
  roles: ['tabulating', 'tabulating'],
  stages: ['loading', 'chunking', 'embedding', 'indexing', 'tabulating'],
  biteS: 0.35,
  async begin(rig, kb) {
    const { penstock } = rig
    writeFiles(penstock)
    const body = { kb_id: kb, sources: [sourceOf(penstock)], chunking, embedding: embeddingOf(kb), parallelism: lanes }
    const { job_id: job } = await penstock.client.ingest({ body })
    return {
      job,
      underWay: random => rig.seen(job, pick(['loading', 'tabulating'] as const, random)),
      async isWhole() {
        const ended = await penstock.ended(job, rig.withinMs)
        assert.partialDeepStrictEqual(ended, { status: 'completed', error: null })
        // First what waits for dead letters that are on their way.
        await rig.isSound(job, kb)
        await assertTable(penstock, job, kb)
        await assertChunks(penstock, kb)
        undisturbed ??= ended
        assert.deepEqual(counts(ended), counts(undisturbed))
        assert.equal(ended.metrics.rejected, refused(penstock).length)
        return Date.parse(ended.completed_at!)
      },
      end: async () => undefined,
    }
  },
}
