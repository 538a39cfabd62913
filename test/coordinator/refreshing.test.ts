import { describe, expect, test } from 'vitest'
import { createSchedules } from '../../src/coordinator/schedule-store.ts'
import type { Refresh, ScheduledSource } from '../../src/coordinator/schedules.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'
import { submission } from './submission.ts'

const bench = useBench()

const hourly: Refresh = { every_s: 3600, cron: null, timezone: null }
const source = (path: string, refresh: Refresh | null = hourly, more: object = {}): ScheduledSource => ({
  ...{ source: `local_files:${path}`, spec: { type: 'local_files', path, ...more }, refresh },
})
const schedules = () => createSchedules({ em: bench.em, knowledgeBases })
const listOf = async (kb: string) => (await schedules().list(kb))!
/** A run of the sources that is over, so that only their schedules are left. */
const ingested = async (kb: string, ...sources: readonly ScheduledSource[]) => {
  const id = await bench.submit(kb, { sources: sources.map(({ spec }) => spec), schedule: sources, priority: 3 })
  await sql(`update job set status = 'completed', state = jsonb_set(state, '{status}', '"completed"') where id = ?`, id)
  await sql('update command set applied_at = now() where job_id = ?', id)
  return id
}
const sql = <T = object>(text: string, ...values: readonly string[]) => bench.em.fork().execute<T[]>(text, [...values])
/** Moves the time at which sources are due, by the database's clock. */
const due = async (kb: string, path: string, ago = '1 second'): Promise<number> => {
  const [row] = await sql<{ next_at: string }>(
    `update schedule set next_at = now() - ?::interval where kb_id = ? and source = ? returning next_at`,
    ...[ago, kb, `local_files:${path}`],
  )
  return Date.parse(row!.next_at)
}
const ofSource = async (kb: string, path: string) =>
  (await listOf(kb)).find(one => one.source === `local_files:${path}`)!
const runsOf = (kb: string) =>
  sql<{ id: string; status: string; submission: { sources: object[]; schedule?: unknown; priority: number } }>(
    'select id, status, submission from job where kb_id = ? order by number',
    kb,
  )
const newRun = (kb: string, before: number) =>
  until('a run that was not asked for', async () => {
    const runs = await runsOf(kb)
    return runs.length > before ? runs.at(-1)! : null
  })

describe('a source that is due', () => {
  test('starts one run of itself alone, and is due again after its interval', async () => {
    await ingested('kb', source('/a'), source('/b'))
    const at = await due('kb', '/a')
    await bench.coordinator()
    const run = await newRun('kb', 1)
    expect(run.submission).toMatchObject({ sources: [{ type: 'local_files', path: '/a' }], priority: 3 })
    expect(run.submission.schedule).toBeUndefined()
    const a = await ofSource('kb', '/a')
    expect(a).toMatchObject({ last_job_id: run.id, note: null, every_s: 3600 })
    expect(Date.parse(a.next_at)).toBe(at + 3600_000)
    expect(await ofSource('kb', '/b')).toMatchObject({ last_job_id: null, last_at: null })
    await bench.line.complete(run.id)
    await bench.ended(run.id, 'completed')
    expect(await runsOf('kb')).toHaveLength(2)
  })

  test('and with it all that are due, in one run', async () => {
    await ingested('kb', source('/a'), source('/b'), source('/c'))
    await due('kb', '/b', '2 minutes')
    await due('kb', '/c', '1 minute')
    await bench.coordinator()
    const { submission } = await newRun('kb', 1)
    expect(submission.sources).toMatchObject([{ path: '/b' }, { path: '/c' }])
  })

  test('that was missed while nobody ran is run once, and is due at the next of its times', async () => {
    await ingested('kb', source('/a'))
    const at = await due('kb', '/a', '5 hours 10 minutes')
    await bench.coordinator()
    const run = await newRun('kb', 1)
    const [a] = await listOf('kb')
    expect(Date.parse(a!.next_at)).toBe(at + 6 * 3600_000)
    await bench.line.complete(run.id)
    await bench.ended(run.id, 'completed')
    expect(await runsOf('kb')).toHaveLength(2)
  })

  test('waits for an unfinished run of its knowledge base, and is run once after it', async () => {
    await ingested('kb', source('/a'))
    await bench.coordinator()
    const manual = await bench.submit('kb')
    await bench.line.started(manual)
    await due('kb', '/a')
    await due('kb', '/a', '2 hours')
    expect(await listOf('kb')).toMatchObject([{ note: expect.stringContaining(`waits for the end of job ${manual}`) }])
    await bench.line.complete(manual)
    const run = await newRun('kb', 2)
    await bench.line.complete(run.id)
    await bench.ended(run.id, 'completed')
    expect((await runsOf('kb')).map(({ status }) => status)).toEqual(['completed', 'completed', 'completed'])
    expect(await listOf('kb')).toMatchObject([{ last_job_id: run.id, last_status: 'completed', note: null }])
  })

  test('whose last run failed is tried again at its next time', async () => {
    await ingested('kb', source('/a'))
    await due('kb', '/a')
    await bench.coordinator()
    const failed = await newRun('kb', 1)
    await bench.line.started(failed.id)
    await bench.line.fail(failed.id, 'loading', 0)
    await bench.ended(failed.id, 'failed')
    expect(await listOf('kb')).toMatchObject([{ last_status: 'failed' }])
    await due('kb', '/a')
    const again = await newRun('kb', 2)
    await bench.line.complete(again.id)
    await bench.ended(again.id, 'completed')
  })

  test('and cannot be read is named, the others are run, and it is tried again at its next time', async () => {
    await ingested('kb', source('/gone'), source('/a'))
    await due('kb', '/gone')
    await due('kb', '/a')
    await bench.coordinator({
      async readRequest(kb, json) {
        if (json.includes('/gone')) return { refused: { code: 'invalid_request', message: '/gone is not there.' } }
        return submission(kb, JSON.parse(json))
      },
    })
    const run = await newRun('kb', 1)
    expect(run.submission.sources).toMatchObject([{ path: '/a' }])
    const gone = await ofSource('kb', '/gone')
    expect(gone).toMatchObject({ note: '/gone is not there.', last_job_id: null })
    expect(Date.parse(gone.next_at)).toBeGreaterThan(Date.parse(gone.last_at!))
  })

  test('stays due while the queue is full', async () => {
    await ingested('kb', source('/a'))
    await due('kb', '/a')
    const { line } = bench
    let asked = 0
    const readRequest = async (kb: string, json: string) => {
      asked++
      return submission(kb, JSON.parse(json))
    }
    const full = await bench.coordinator({ queueDepth: 0, readRequest })
    await until('it was tried twice', () => asked >= 4)
    await full.stop()
    expect(await runsOf('kb')).toHaveLength(1)
    await bench.coordinator()
    await line.complete((await newRun('kb', 1)).id)
  })
})

test('of several coordinators one starts it, whoever holds the lease meanwhile', async () => {
  await ingested('kb', source('/a'))
  await bench.coordinator({ holder: 'one' })
  await bench.coordinator({ holder: 'two' })
  for (let round = 1; round <= 5; round++) {
    await bench.expireLease()
    await due('kb', '/a')
    const run = await newRun('kb', round)
    await bench.line.complete(run.id)
    await bench.ended(run.id, 'completed', 20_000)
    expect(await runsOf('kb')).toHaveLength(round + 1)
  }
})

describe('a schedule', () => {
  test('is replaced by an ingest of its source that names times, and keeps them with one that names none', async () => {
    await ingested('kb', source('/a'))
    await ingested('kb', source('/a', { every_s: null, cron: '0 3 * * *', timezone: 'Europe/Berlin' }))
    const [nightly, ...none] = await listOf('kb')
    expect(none).toEqual([])
    expect(nightly).toMatchObject({ every_s: null, cron: '0 3 * * *', timezone: 'Europe/Berlin' })
    await ingested('kb', source('/a', null, { exclude: ['x'] }), source('/b', null))
    expect(await listOf('kb')).toEqual([{ ...nightly, spec: { type: 'local_files', path: '/a', exclude: ['x'] } }])
  })

  test('is removed by its id, and a retry of the job that made it does not bring it back', async () => {
    const id = await ingested('kb', source('/a'))
    const [a] = await listOf('kb')
    expect(await schedules().remove('kb', a!.schedule_id)).toBe(true)
    expect(await schedules().remove('kb', a!.schedule_id)).toBe(false)
    await sql(`update job set status = 'failed', closed_at = now() where id = ?`, id)
    const again = await bench.jobs().command({ kb_id: 'kb', verb: 'retry', phase: null })
    expect(again.outcome).toBe('accepted')
    expect(await listOf('kb')).toEqual([])
  })

  test('of a knowledge base that is not there is none', async () => {
    expect(await schedules().list('nowhere')).toBeNull()
  })
})
