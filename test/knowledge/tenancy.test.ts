import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDeadLetters } from '../../src/coordinator/dead-letter-store.ts'
import { createJobs } from '../../src/coordinator/job-store.ts'
import { createSchedules } from '../../src/coordinator/schedule-store.ts'
import { createCatalogue, knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { search } from '../../src/knowledge/search.ts'
import { createTableCatalogue } from '../../src/knowledge/table-catalogue.ts'
import { emOf, queriesOf, snapshotOf } from '../../src/knowledge/tenancy.ts'
import { databases } from '../kit/databases.ts'
import { type Belongings, type ClosedApi, furnish, openClosedApi } from '../kit/two-tenants.ts'

/** What the API reads by, with no query that names the tenant and nobody who asks whose things are. */
describe.each(databases)('on %s, row-level security alone', (_, open) => {
  let api: ClosedApi
  let acme: Belongings
  let globex: Belongings
  beforeAll(async () => {
    api = await openClosedApi(open)
    acme = await furnish(api, 'acme')
    globex = await furnish(api, 'globex')
  })
  afterAll(() => api?.close())

  const as = (tenant: string) => {
    const { em } = api.database.orm
    const own = emOf(em, tenant)
    const admission = { em, knowledgeBases, queueDepth: 1, own, lanes: 4, concurrency: 1 }
    return {
      own,
      catalogue: createCatalogue(own),
      jobs: createJobs(admission),
      letters: createDeadLetters({ ...admission, sourceId: source => source.type }),
      schedules: createSchedules({ em: own, knowledgeBases }),
      tables: createTableCatalogue(queriesOf(api.pool, tenant)),
    }
  }

  test('shows a tenant its own things', async () => {
    const { catalogue, jobs, letters, schedules, tables } = as('acme')
    const { kb, job, canary } = acme
    const page = { limit: 9, after: null }
    expect((await catalogue.list(page)).knowledge_bases.map(one => one.kb_id)).toEqual([kb])
    expect((await catalogue.documents(kb, { limit: 9, after: null }))!.documents).toHaveLength(1)
    expect((await jobs.list(page))!.jobs.map(one => one.job_id)).toEqual([job])
    expect(await letters.groups(job, 9)).toHaveLength(1)
    expect(await schedules.list(kb)).toHaveLength(1)
    expect((await tables.rows(kb, 'prices', { limit: 9, after: null, where: {} }))!.rows).toEqual([{ word: canary }])
    const found = await search(api.pool, queryFor(acme), snapshotOf('acme'))
    expect(found.map(hit => hit.text)).toEqual([canary])
  })

  test('shows nothing of another tenant', async () => {
    const { catalogue, jobs, letters, schedules, tables } = as('acme')
    const { kb, job } = globex
    expect(await catalogue.get(kb)).toBeNull()
    expect(await catalogue.documents(kb, { limit: 9, after: null })).toBeNull()
    expect(await jobs.get(job)).toBeNull()
    expect(await jobs.list({ limit: 9, after: job })).toBeNull()
    expect(await jobs.ofKnowledgeBase(kb)).toBeNull()
    expect(await letters.groups(job, 9)).toEqual([])
    expect((await letters.list(job, { limit: 9, after: null })).dead_letters).toEqual([])
    expect(await letters.plan(job, {}, [])).toBeNull()
    expect(await schedules.list(kb)).toBeNull()
    expect(await tables.list(kb)).toBeNull()
    expect(await tables.rows(kb, 'prices', { limit: 9, after: null, where: {} })).toBeNull()
    await expect(search(api.pool, queryFor(globex), snapshotOf('acme'))).rejects.toThrow('There is no knowledge base')
  })

  test('lets nothing of another tenant be changed', async () => {
    const { jobs, letters, schedules } = as('acme')
    const { rows } = await api.pool.query<{ id: string }>('select id from schedule where kb_id = $1', [globex.kb])
    expect(await jobs.command({ kb_id: globex.kb, job_id: globex.job, verb: 'cancel', phase: null })).toEqual({
      outcome: 'no_job',
    })
    expect(await letters.discard(globex.job, {})).toBe(0)
    expect(await schedules.remove(globex.kb, rows[0]!.id)).toBe(false)
    expect(await as('globex').schedules.list(globex.kb)).toHaveLength(1)
  })

  test("shows what INTAKE rejected to whose it is, and the operator what is nobody's", async () => {
    await api.pool.query(
      `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code, message, attempts)
       values (9, 9, 'INTAKE', 'unheard-of', 'intake', 't', 0, 0, 'c', 'm', 1)`,
    )
    const seen = async (tenant: string) =>
      (await as(tenant).letters.list('INTAKE', { limit: 9, after: null })).dead_letters.map(one => one.uri)
    expect(await seen('acme')).toEqual([acme.canary])
    expect(await seen('default')).toEqual([null])
    // Rejected before the name was theirs.
    await api.pool.query(
      `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code, message, attempts, uri, created_at)
       values (9, 8, 'INTAKE', $1, 'intake', 't', 0, 0, 'c', 'm', 1, 'former', '2020-01-01')`,
      [acme.kb],
    )
    expect(await seen('acme')).toEqual([acme.canary])
    expect((await seen('default')).sort()).toEqual(['former', null])
  })

  test("is on every table that the API may read, but for those that are nobody's", async () => {
    const { rows } = await api.pool.query<{ name: string }>(
      `select relname as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind = 'r' and not relrowsecurity
         and has_table_privilege('penstock_api', oid, 'select') order by 1`,
    )
    expect(rows.map(({ name }) => name).filter(name => !/^chunks_\d+$/.test(name))).toEqual([
      ...['admission', 'cluster', 'followed', 'intake_partition', 'knowledge_base_owner', 'lane', 'lease', 'maker'],
      ...['mikro_orm_migrations', 'publication', 'stage_owners', 'table_load_lane'],
    ])
  })

  test('shows nothing without a tenant, and no keys to anybody', async () => {
    const { own } = as('nobody')
    for (const table of ['job', 'knowledge_base', 'document', 'command', 'dead_letter', 'parked_event', 'schedule'])
      expect([table, await own.fork().execute(`select * from ${table}`)]).toEqual([table, []])
    await expect(as('acme').own.fork().execute('select * from api_key')).rejects.toThrow('permission denied')
    expect(() => snapshotOf(`x'; reset role; --`)).toThrow('is no name of a tenant')
  })

  const queryFor = ({ kb, canary }: Belongings) =>
    ({ kb, mode: 'text', text: canary, vector: null, topK: 9, filters: {} }) as const
})
