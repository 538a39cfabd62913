import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createJobs } from '../../src/coordinator/job-store.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { databases } from '../kit/databases.ts'
import { openTestDatabase } from './database.ts'
import { submission } from './submission.ts'

describe.each(databases)('requests that come again on %s', (_, open) => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  beforeAll(async () => {
    database = await openTestDatabase(open)
  })
  afterAll(() => database?.close())
  beforeEach(() => database.empty())
  const api = (tenant?: string) =>
    createJobs({
      ...{ em: database.em, knowledgeBases, queueDepth: 10, lanes: 4, concurrency: 2 },
      ...(tenant === undefined ? {} : { tenant }),
    })
  const once = { key: 'k1', digest: 'd1' }
  const count = async () => Number((await database.em.fork().execute('select count(*) from job'))[0]!.count)

  test('are one job, however many processes they race to', async () => {
    const processes = [api(), api(), api(), api()]
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, i) => processes[i % 4]!.submit(submission('a'), once)),
    )
    expect(new Set(outcomes.map(one => one.outcome))).toEqual(new Set(['accepted']))
    expect(new Set(outcomes.map(one => 'job_id' in one && one.job_id)).size).toBe(1)
    expect(await count()).toBe(1)
    expect(await api().submitted(once)).toEqual(outcomes[0])
  })

  test('are another request with another body', async () => {
    await api().submit(submission('a'), once)
    expect(await api().submit(submission('b'), { ...once, digest: 'd2' })).toEqual({ outcome: 'key_reused' })
    expect(await count()).toBe(1)
  })

  test('are not known where they were refused', async () => {
    const first = await api().submit(submission('a'))
    expect((await api().submit(submission('a'), once)).outcome).toBe('conflict')
    expect(await api().submitted(once)).toBeNull()
    expect(first.outcome).toBe('accepted')
  })

  test("are forgotten after a day, and are each tenant's own", async () => {
    await api('acme').submit(submission('a'), once)
    expect(await api('globex').submitted(once)).toBeNull()
    await database.em.fork().execute(`update submission_key set created_at = now() - interval '25 hours'`)
    expect(await api('acme').submitted(once)).toBeNull()
    expect((await api('acme').submit(submission('b'), once)).outcome).toBe('accepted')
    expect(await count()).toBe(2)
  })

  test('a name that another tenant has is taken, and nothing else is told', async () => {
    await api('acme').submit(submission('a'))
    expect(await api('globex').submit(submission('a'))).toEqual({ outcome: 'taken' })
    expect((await api('globex').submit(submission('c'))).outcome).toBe('accepted')
  })
})
