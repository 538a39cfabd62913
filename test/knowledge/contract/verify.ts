import { describe, expect, test } from 'vitest'
import type { Job } from '../../../src/coordinator/job-state.ts'
import { memoryKafka } from '../../../src/kafka/memory.ts'
import { createCatalogue } from '../../../src/knowledge/catalogue.ts'
import type { LaneJob } from '../../../src/schemas/lane-control.ts'
import { topicSpecs } from '../../../src/schemas/topic-specs.ts'

import type { Code } from '../../../src/verify/codes.ts'
import { createVerifier } from '../../../src/verify/create-verifier.ts'
import { completedJob } from '../../verify/states.ts'
import { idOf, jobOf, listingOf, recordsOf, versionOf } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeVerify = (bench: StoreBench) =>
  describe('verifying', () => {
    const { newBase, claimOf, apply, write } = bench
    const signal = new AbortController().signal
    const asked = { limit: 5, signal }

    const sql = async (text: string, ...values: readonly unknown[]) =>
      (await bench.database.pool.query(text, [...values])).rows
    const tableOf = async ({ kb_id }: LaneJob) =>
      `chunks_${(await sql('select number from knowledge_base where id = $1', kb_id))[0].number}`

    /** Puts a job into the ledger, or another state of it. */
    const enter = ({ job_id, kb_id, run }: LaneJob, state: Job, status: string = state.status) =>
      sql(
        `insert into job (id, kb_id, kind, status, submission, state, run) values ($1, $2, 'run', $3, $4, $5, $6)
         on conflict (id) do update set status = excluded.status, state = excluded.state`,
        ...[job_id, kb_id, status, { sources: [{ type: 'markdown', path: '/docs' }] }, state, run],
      )

    const verifier = async (rangeSize = 3) => {
      const broker = memoryKafka().connect()
      await broker.ensureTopics(topicSpecs(2))
      const { pool, embedded } = bench.database
      return createVerifier({ pool, embedded, broker, control: async () => new Map(), indexFrom: 50, rangeSize })
    }
    const verify = async (job: LaneJob, limit = 5) => (await (await verifier()).verify(job.kb_id, { limit, signal }))!
    const repair = async (job: LaneJob, ...codes: readonly Code[]) =>
      (await (await verifier()).repair(job.kb_id, codes, asked))!
    const totalsOf = async (job: LaneJob) =>
      (await verify(job)).totals.map(({ code, count, repairable }) => [code, count, repairable])

    const documents = ['a', 'b', 'c', 'd'].map(uri => ({ uri, texts: [`${uri} fox`, `${uri} bear`, `${uri} cat`] }))
    const documentId = (job: LaneJob, uri: string) => idOf(`${job.kb_id}/files/${uri}`)

    /** A knowledge base whose first run has completed: four documents of three chunks. */
    const completed = async () => {
      const job = await newBase()
      await write(job, ...documents.map((document, i) => ({ ...document, version: versionOf(job, i) })))
      await bench.store.finish(job, 'build_index', signal)
      await sql('delete from applied where job_id = $1', job.job_id)
      await enter(job, completedJob({ documents: 4, chunks: 12 }))
      return job
    }

    test('finds nothing in a knowledge base that is whole, and counts what its page shows', async () => {
      const job = await completed()
      const report = await verify(job)
      expect(report).toMatchObject({ kb_id: job.kb_id, status: 'clean', totals: [], differences: [], not_compared: [] })
      const page = await createCatalogue(bench.database.orm.em).get(job.kb_id)
      expect(report.checked).toEqual({ jobs: 1, documents: page!.documents, chunks: page!.chunks, lanes: 0 })
      expect(page).toMatchObject({ documents: 4, chunks: 12 })
    })

    test('knows no knowledge base that there is not', async () => {
      expect(await (await verifier()).verify('nowhere', asked)).toBeNull()
      expect(await (await verifier()).repair('nowhere', ['chunk_count'], asked)).toBeNull()
    })

    const at = 'where document_id = $1'
    const last = `${at} and position = 2`
    const damages: readonly (readonly [Code, string])[] = [
      ['chunk_count', `delete from TABLE ${last}`],
      ['position_gap', `update TABLE set position = 7 ${last}`],
      ['vector_missing', `update TABLE set embedding = null ${last}`],
      ['vector_zero', `update TABLE set embedding = '[0,0,0,0]' ${last}`],
      ['text_missing', `update TABLE set text = '' ${last}`],
    ]
    test.each(damages)('names a document with %s, and marks it to be made anew', async (code, statement) => {
      const job = await completed()
      const id = documentId(job, 'b')
      await sql(statement.replace('TABLE', await tableOf(job)), id)
      const [difference, ...more] = (await verify(job)).differences
      expect(more).toEqual([])
      expect(difference).toMatchObject({
        code,
        severity: 'error',
        where: { kb_id: job.kb_id, document_id: id, uri: 'b' },
        repair: 'mark the document, so that the next run makes it anew although it is unchanged',
      })
      const unchanged = [
        { documentId: id, source: 'files', uri: 'b', contentHash: idOf(documents[1]!.texts.join('\n')) },
      ]
      const next = jobOf(job.kb_id, 2)
      expect(await bench.store.listed(next, unchanged, listingOf)).toEqual(new Set([id]))

      const { repaired, report } = await repair(job, code)
      expect(repaired).toEqual([{ code, count: 1 }])
      expect(report.totals).toMatchObject([{ code, count: 1, repairable: 0 }])
      expect(await bench.store.listed(next, unchanged, listingOf)).toEqual(new Set())
      await write(next, documents[1]!)
      await bench.store.finish(next, 'prune_versions', signal)
      await sql('delete from applied where job_id = $1', next.job_id)
      await enter(next, completedJob({ documents: 1, chunks: 3 }))
      expect((await verify(job)).status).toBe('clean')
    })

    test('counts every difference and lists the first of each code', async () => {
      const job = await completed()
      await sql(`delete from ${await tableOf(job)} where position = 0`)
      const report = await verify(job, 2)
      expect(report.totals).toMatchObject([{ code: 'chunk_count', count: 4 }])
      expect(report.differences).toHaveLength(2)
    })

    test("drops versions that are nobody's, with or without a note, and nothing that readers see", async () => {
      const job = await completed()
      const table = await tableOf(job)
      const visible = await sql(`select * from ${table} order by document_id, position`)
      const old = { uri: 'a', texts: ['older', 'oldest'], version: 5 }
      const gone = { uri: 'gone', texts: ['half'], version: versionOf(job, 9) }
      for (const one of [old, gone]) {
        const rows = recordsOf(job, one).flatMap(record => (record.type === 'vector' ? [record] : []))
        for (const { document_id, version, position, chunk_id, text } of rows)
          await sql(
            `insert into ${table} (document_id, version, position, chunk_id, start_offset, tokens, headings, text)
             values ($1, $2, $3, $4, 0, 1, '', $5)`,
            ...[document_id, version, position, chunk_id, text],
          )
      }
      await sql(`insert into document_version values ($1, $2, 7)`, job.kb_id, documentId(job, 'b'))
      expect(await totalsOf(job)).toEqual([['version_left_over', 3, 3]])

      const { repaired, report } = await repair(job, 'version_left_over')
      expect(repaired).toEqual([{ code: 'version_left_over', count: 3 }])
      expect(report.status).toBe('clean')
      expect(await sql(`select * from ${table} order by document_id, position`)).toEqual(visible)
    })

    test.each(['running', 'failed'])('leaves versions alone that a %s job may own', async status => {
      const job = await completed()
      const next = jobOf(job.kb_id, 2)
      const claim = await claimOf(next)
      await apply(claim, next, 0, recordsOf(next, { uri: 'a', texts: ['new'] }))
      await apply(claim, next, 2, recordsOf(next, { uri: 'b', texts: ['half'] }).slice(0, 1))
      const state = { ...completedJob(), status: status as Job['status'], lanes: [] }
      await enter(next, state)
      // What an earlier run left is looked at when this one has ended: it replaces most of it.
      await sql('insert into document_version values ($1, $2, 7)', job.kb_id, documentId(job, 'c'))
      const rows = await bench.rowsOf(job)
      expect(await totalsOf(job)).toEqual([])
      expect((await repair(job, 'version_left_over', 'applied_left_over')).repaired).toEqual([])
      expect(await bench.rowsOf(job)).toBe(rows)

      await enter(next, { ...state, status: 'cancelled' })
      expect(await totalsOf(job)).toEqual([
        ['applied_left_over', 1, 1],
        ['version_left_over', 3, 3],
      ])
    })

    test('repairs only what was asked for', async () => {
      const job = await completed()
      await sql(`insert into document_version values ($1, 'x', 7)`, job.kb_id)
      await sql(`insert into applied (job_id, stage, lane) values ($1, 'indexing', 0)`, job.job_id)
      const { repaired, report } = await repair(job, 'applied_left_over')
      expect(repaired).toEqual([{ code: 'applied_left_over', count: 1 }])
      expect(report.totals).toMatchObject([{ code: 'version_left_over', count: 1 }])
    })

    test('notes a version that would never be pruned, and counts stubs anew', async () => {
      const job = await completed()
      await sql('delete from document_version where kb_id = $1 and document_id = $2', job.kb_id, documentId(job, 'a'))
      await sql('update document set stubs = 2 where kb_id = $1 and document_id = $2', job.kb_id, documentId(job, 'b'))
      const found = await totalsOf(job)
      expect(found.toSorted()).toEqual([
        ['stub_count', 1, 1],
        ['stub_unaccounted', 1, 0],
        ['version_unnoted', 1, 1],
      ])
      expect((await repair(job, 'version_unnoted', 'stub_count')).report.status).toBe('clean')
    })

    test('names a document that stands at a version of a run to come', async () => {
      const job = await completed()
      const ahead = versionOf(jobOf(job.kb_id, 9))
      await sql(`update ${await tableOf(job)} set version = $2 ${at}`, documentId(job, 'a'), ahead)
      for (const [table, column] of [
        ['document', 'active_version'],
        ['document_version', 'version'],
      ])
        await sql(`update ${table} set ${column} = $2 ${at}`, documentId(job, 'a'), ahead)
      expect((await totalsOf(job)).toSorted()).toEqual([
        ['run_incomplete', 1, 0],
        ['version_ahead', 1, 0],
      ])
    })

    test('holds the newest run against the documents that are there', async () => {
      const job = await completed()
      const id = documentId(job, 'c')
      await sql(`delete from ${await tableOf(job)} ${at}`, id)
      await sql(`delete from document ${at}`, id)
      await sql(`delete from document_version ${at}`, id)
      const [difference] = (await verify(job)).differences
      expect(difference).toMatchObject({
        code: 'run_incomplete',
        expected: '4 documents of 12 chunks',
        found: '3 documents of 9 chunks',
        repair: null,
      })
    })

    test('builds indexes that are missing, unless a job is under way', async () => {
      const job = await completed()
      const table = await tableOf(job)
      for (const index of ['chunk', 'search']) await sql(`drop index ${table}_${index}`)
      const next = jobOf(job.kb_id, 2)
      await enter(next, { ...completedJob(), status: 'running', lanes: [] })
      expect(await totalsOf(job)).toEqual([['index_missing', 2, 0]])
      expect((await repair(job, 'index_missing')).repaired).toEqual([])
      await sql('delete from job where id = $1', next.job_id)
      expect(await repair(job, 'index_missing')).toMatchObject({
        repaired: [{ code: 'index_missing', count: 2 }],
        report: { status: 'clean' },
      })
    })

    test('names an index of vectors that is missing, where exact search is no longer quick', async () => {
      const job = await newBase()
      const texts = Array.from({ length: 60 }, (_, i) => `fox ${i}`)
      await write(job, { uri: 'long', texts })
      await bench.store.finish(job, 'build_index', signal)
      await sql('delete from applied where job_id = $1', job.job_id)
      await enter(job, completedJob({ documents: 1, chunks: 60 }))
      expect(await totalsOf(job)).toEqual([])
      await sql(`drop index if exists ${await tableOf(job)}_vectors`)
      expect(await totalsOf(job)).toEqual(bench.database.embedded ? [] : [['vector_index_missing', 1, 0]])
    })

    test('names a table of another shape, and leaves its documents out', async () => {
      const job = await completed()
      const table = await tableOf(job)
      await sql(`alter table ${table} drop column search`)
      await sql(`alter table ${table} add column search tsvector`)
      const plain = await verify(job)
      expect(plain.differences.map(({ code, found }) => [code, found])).toEqual([
        ['table_shape', 'search tsvector'],
        ['index_missing', 'no such index'],
      ])
      expect(plain.not_compared).toHaveLength(1)
      await sql(`drop table ${table}`)
      expect((await verify(job)).totals).toMatchObject([{ code: 'table_missing', count: 1 }])
    })

    test('names tables of chunks without a knowledge base, and applied rows without a job', async () => {
      const whole = await verifier()
      const before = await whole.verifyInstallation({ ...asked, limit: 1000 })
      const codes = (report: typeof before) => report.differences.map(({ code, found }) => `${code} ${found}`)
      await sql('create table chunks_999999 (a int)')
      await sql(`insert into applied (job_id, stage, lane, next_offset) values ('nobody', 'indexing', 3, 17)`)
      const after = await whole.verifyInstallation({ ...asked, limit: 1000 })
      expect(codes(after).filter(one => !codes(before).includes(one))).toEqual([
        'table_orphan chunks_999999',
        'applied_left_over next offset 17',
      ])
      const { repaired } = await whole.repairInstallation(['applied_left_over'], asked)
      expect(repaired).toMatchObject([{ code: 'applied_left_over' }])
      expect(await sql(`select 1 from applied where job_id = 'nobody'`)).toEqual([])
      await sql('drop table chunks_999999')
    })
  })
