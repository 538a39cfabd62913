import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { VerifyReport } from '../../src/api/contract/verify.ts'
import { ended, start as startPenstock } from '../cli/run.ts'
import { until } from '../kit/until.ts'
import { documents, folders, keystone, lanes, openScenario } from './scenario.ts'

let scenario: Awaited<ReturnType<typeof openScenario>>
beforeAll(async () => {
  scenario = await openScenario()
})
afterEach(() => scenario?.unhinder())
afterAll(() => scenario?.close())

const sql = async (text: string, ...values: readonly unknown[]) =>
  (await scenario.penstock.pool.query(text, [...values])).rows
const body = (kb: string) => ({ params: { kb_id: kb }, body: {} })
const penstock = async (...args: readonly string[]) => ended(startPenstock(scenario.penstock.url, args))

/** Every code with how often it was found, and how often it can be repaired. */
const counted = (...reports: readonly VerifyReport[]) =>
  Object.fromEntries(reports.flatMap(({ totals }) => totals.map(one => [one.code, [one.count, one.repairable]])))

/** Verifies over and over while `work` goes on; every difference that was ever found, and how often it looked. */
const verifyingWhile = async (kb: string, work: () => Promise<unknown>) => {
  const { client } = scenario.penstock
  const found: unknown[] = []
  const seen = new Set<number>()
  let over = false
  let looks = 0
  const working = Promise.allSettled([work()]).finally(() => {
    over = true
  })
  while (!over) {
    const reports = [
      await client.verify({ params: { kb_id: kb }, query: {} }),
      await client.verifyInstallation({ query: {} }),
    ]
    looks++
    seen.add(reports[0]!.checked.chunks)
    found.push(...reports.flatMap(({ differences, not_compared }) => [...differences, ...not_compared]))
    await breathe()
  }
  const [ended] = await working
  if (ended.status === 'rejected') throw ended.reason
  return { found, looks, states: seen.size }
}

describe('damage', () => {
  const kb = 'damaged'
  let table: string
  let job: string
  /** The n-th document, with a chunk to damage. */
  const nth = (n: number) =>
    `(select document_id from document where kb_id = '${kb}' order by document_id offset ${n} limit 1)`
  const rowsOf = (n: number) => `${table} where document_id = ${nth(n)}`

  test('of every kind at rest is named; the safe repairs leave the others, and an ingest makes the documents anew', {
    timeout: 240_000,
  }, async () => {
    const { penstock: installation, start } = scenario
    job = await start(kb)
    await installation.ended(job, 90_000)
    table = `chunks_${(await sql('select number from knowledge_base where id = $1', kb))[0].number}`
    expect((await penstock('verify', kb)).code).toBe(0)

    const last = (n: number) => `(select max(position) from ${rowsOf(n)})`
    for (const damage of [
      `delete from ${rowsOf(0)} and position = ${last(0)}`,
      `update ${table} set position = position + 5 where document_id = ${nth(1)} and position = ${last(1)}`,
      `update ${table} set embedding = null where document_id = ${nth(2)} and position = 0`,
      `update ${table} set embedding = replace(embedding::text, '-', '')::halfvec - replace(embedding::text, '-', '')::halfvec
       where document_id = ${nth(3)} and position = 0`,
      `update ${table} set text = '' where document_id = ${nth(4)} and position = 0`,
      `update document set stubs = 2 where kb_id = '${kb}' and document_id = ${nth(5)}`,
      `delete from document_version where kb_id = '${kb}' and document_id = ${nth(6)}`,
      `insert into ${table} (document_id, version, position, chunk_id, start_offset, tokens, headings, text)
       values (${nth(7)}, 77, 0, 'x', 0, 1, '', 'left over')`,
      `insert into applied (job_id, stage, lane) values ('${job}', 'indexing', 0)`,
      `drop index ${table}_search`,
      `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code, message, attempts)
       values (0, 999999, '${job}', '${kb}', 'chunking', 'documents', 0, 0, 'planted', 'No.', 1)`,
      `update job set state = jsonb_set(state, '{phases,EMBEDDING,items}', '7') where id = '${job}'`,
      `update job set state = jsonb_set(state, '{phases,INDEXING,lanes}', '{}') where id = '${job}'`,
      `update job set status = 'failed', closed_at = now() where id = '${job}'`,
    ])
      await sql(damage)

    const { code, stdout } = await penstock('verify', kb, '--json')
    expect(code).toBe(3)
    const marked = { chunk_count: [1, 1], position_gap: [1, 1], vector_missing: [1, 1], vector_zero: [1, 1] }
    const ledger = {
      job_status: [1, 0],
      phase_incomplete: [lanes, 0],
      phase_counts: [1, 0],
      dead_letters_differ: [1, 0],
    }
    expect(counted(JSON.parse(stdout).reports[0])).toEqual({
      ...{ ...marked, text_missing: [1, 1], ...ledger },
      ...{ stub_count: [1, 1], version_unnoted: [1, 1], version_left_over: [1, 1], applied_left_over: [1, 1] },
      index_missing: [1, 1],
    })

    await sql(`update job set status = 'completed', closed_at = null where id = $1`, job)
    const asked = await penstock('verify', kb, '--repair')
    expect(asked).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`index_missing, 1 in knowledge base ${kb}`),
    })
    const repaired = await penstock('verify', kb, '--repair', '--yes', '--json')
    expect(repaired.code).toBe(3)
    const after = JSON.parse(repaired.stdout)
    expect(counted(...after.reports)).toEqual({
      ...{
        chunk_count: [1, 0],
        position_gap: [1, 0],
        vector_missing: [1, 0],
        vector_zero: [1, 0],
        text_missing: [1, 0],
      },
      ...{ phase_incomplete: [lanes, 0], phase_counts: [1, 0], dead_letters_differ: [1, 0] },
    })
    expect(after.repaired.map((one: { code: string }) => one.code).toSorted()).toEqual(
      ['applied_left_over', 'index_missing', 'stub_count', 'version_left_over', 'version_unnoted']
        .concat('text_missing', ...Object.keys(marked))
        .toSorted(),
    )

    const again = await installation.ended(await start(kb), 90_000)
    expect(again.phase_details[1]).toMatchObject({ name: 'CHUNKING', items_processed: 5 })
    expect(counted(await installation.client.verify({ params: { kb_id: kb }, query: {} }))).toEqual({
      ...{ phase_incomplete: [lanes, 0], phase_counts: [1, 0], dead_letters_differ: [1, 0] },
    })
  })

  test('of lanes, offsets and positions is named while a job stands', { timeout: 240_000 }, async () => {
    const { penstock: installation, provider, start, unhinder } = scenario
    const { client, broker } = installation
    provider.latencyMs = 200
    const standing = await start('standing')
    const indexed = () => new Set(installation.ledger.of(standing, 'indexing').map(({ lane }) => lane)).size
    await until('a slice of indexing in every lane', () => indexed() === lanes, 30_000)
    await client.pause(body('standing'))
    const paused = await installation.jobThat(standing, 'the pause', ({ status }) => status === 'paused')
    await installation.stop('coordinator')
    const lane = paused.lanes[0]!
    const row = `update lane set`
    const ofLane = `where lane = ${lane}`
    const state = (path: string, value: string) =>
      `update job set state = jsonb_set(state, '{phases,INDEXING,lanes,${lane},${path}}', '${value}') where id = '${standing}'`
    const applied = (to: string) =>
      `update applied set next_offset = ${to} where job_id = '${standing}' and stage = 'indexing' and lane = ${lane}`
    const differences = async () => {
      const reports = [
        await client.verify({ params: { kb_id: 'standing' }, query: {} }),
        await client.verifyInstallation({ query: {} }),
      ]
      expect(reports.flatMap(({ not_compared }) => not_compared)).toEqual([])
      return reports.flatMap(report => Object.keys(counted(report))).toSorted()
    }
    try {
      expect(await differences()).toEqual([])

      const one = async (text: string) => (await sql(text))[0]
      const before = {
        lane: await one(`select * from lane ${ofLane}`),
        state: (await one(`select state from job where id = '${standing}'`)).state,
        applied: (await one(`select next_offset from applied where job_id = '${standing}' and lane = ${lane}`))
          .next_offset,
        followed: (await one(`select next from followed where topic = 'progress' and lane = ${lane}`)).next,
        cluster: (await one('select id from cluster')).id,
      }
      const restore = async () => {
        const { job_id, revision, starts } = before.lane
        await sql(`${row} job_id = $1, revision = $2, starts = $3 ${ofLane}`, job_id, revision, starts)
        await sql(`update job set state = $1, status = $1::jsonb->>'status' where id = '${standing}'`, before.state)
        await sql(applied(before.applied))
        await sql(`update followed set next = $1 where topic = 'progress' and lane = ${lane}`, before.followed)
        await sql('update cluster set id = $1', before.cluster)
      }
      const far = 10_000_000
      const damages = [
        [['control_differs', 'lane_lost'], `${row} job_id = null ${ofLane}`],
        [['control_differs'], `${row} revision = revision + 1 ${ofLane}`],
        // A job that is listed as it is not is named as well.
        [['job_status', 'lane_held'], `update job set status = 'completed' where id = '${standing}'`],
        [['applied_behind', 'offset_behind'], state('next', String(far))],
        [['applied_behind'], applied('0')],
        [['applied_past_end'], applied(String(far))],
        [['offset_past_end'], `${row} starts = jsonb_set(starts, '{chunks}', '${far}') ${ofLane}`],
        [['position_lost'], `update followed set next = ${far} where topic = 'progress' and lane = ${lane}`],
        [['other_cluster'], `update cluster set id = 'elsewhere'`],
      ] as const
      for (const [expected, damage] of damages) {
        await sql(damage)
        const found = await differences().finally(restore)
        expect(found, damage).toEqual(expected)
        expect(await differences(), `after ${damage}`).toEqual([])
      }

      const chunks = await broker.range('chunks', lane)
      const committed = await broker.committed('embedding', 'chunks', lane)
      expect(chunks.end).toBeGreaterThan(committed!)
      await broker.deleteRecords('chunks', lane, chunks.end)
      expect(await differences()).toEqual(['records_gone'])
    } finally {
      await installation.serve('coordinator')
    }
    await unhinder()
    await client.cancel(body('standing'))
    expect((await installation.ended(standing)).status).toBe('cancelled')
    expect(await differences()).toEqual([])
  })
})

describe('verifying a knowledge base', () => {
  const kb = 'moving'

  test('finds nothing of a job that failed, and what it left is gone after the next one', {
    timeout: 120_000,
  }, async () => {
    const { penstock: installation, provider, start, seen } = scenario
    const kb = 'failing'
    provider.latencyMs = 100
    let job = await start(kb)
    await seen(job, 'indexing')
    provider.answer = () => ({ kind: 'status', status: 401, message: 'No.' })
    const failing = await verifyingWhile(kb, () =>
      installation.jobThat(job, 'the failure', ({ status }) => status === 'failed'),
    )
    expect(failing.found).toEqual([])
    expect((await verifyingWhile(kb, async () => undefined)).found).toEqual([])
    await scenario.unhinder()
    job = await start(kb)
    expect((await verifyingWhile(kb, () => installation.ended(job, 90_000))).found).toEqual([])
    expect((await verifyingWhile(kb, async () => undefined)).found).toEqual([])
  })

  test('finds nothing at any moment of an ingest, of a changed one that is paused, and of one that is cancelled', {
    timeout: 240_000,
  }, async () => {
    const { penstock: installation, provider, start, seen } = scenario
    provider.latencyMs = 40
    let job = await start(kb)
    const completes = async () => expect((await installation.ended(job, 90_000)).status).toBe('completed')
    const first = await verifyingWhile(kb, completes)
    expect(first.found).toEqual([])
    expect(first.states).toBeGreaterThan(2)

    for (let i = 0; i < documents; i += 2)
      writeFileSync(join(installation.corpus, `${i % folders}/d${i}.md`), `# Changed\n\nWord ${i} of the second run.\n`)
    job = await start(kb)
    const second = await verifyingWhile(kb, async () => {
      await seen(job, 'embedding')
      await installation.client.pause(body(kb))
      await installation.jobThat(job, 'the pause', ({ status }) => status === 'paused')
      await installation.client.resume(body(kb))
      await completes()
    })
    expect(second.found).toEqual([])
    expect(second.looks).toBeGreaterThan(2)

    for (let i = 1; i < documents; i += 2)
      writeFileSync(join(installation.corpus, `${i % folders}/d${i}.md`), `# Changed\n\nWord ${i} of the third run.\n`)
    provider.latencyMs = 400
    job = await start(kb)
    const third = await verifyingWhile(kb, async () => {
      await seen(job, 'embedding')
      await installation.client.cancel(body(kb))
      expect((await installation.ended(job)).status).toBe('cancelled')
    })
    expect(third.found).toEqual([])
    expect(third.looks).toBeGreaterThan(2)
  })

  test('accounts for chunks that the provider refused', { timeout: 120_000 }, async () => {
    const { penstock: installation, provider, start } = scenario
    installation.write('0/refused.md', `# Refused\n\nOnly here is the word ${keystone}stone.\n`)
    provider.answer = ({ texts }) =>
      texts.some(text => text.includes(`${keystone}stone`))
        ? { kind: 'status', status: 400, message: 'No.' }
        : { kind: 'vectors' }
    const { status, metrics } = await installation.ended(await start('stubs'), 90_000)
    expect({ status, rejected: metrics.rejected }).toEqual({ status: 'completed', rejected: 1 })
    const { code, stdout } = await penstock('verify', 'stubs')
    expect(stdout).toMatch(/^Knowledge base stubs: 1 job, 241 documents, [\d,]+ chunks; nothing differs\.\n$/)
    expect(code).toBe(0)
  })
})
