import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CommandRow, JobRow } from '../../src/coordinator/entities.ts'
import { createJobs } from '../../src/coordinator/job-store.ts'
import type { JobFilter, JobPage } from '../../src/coordinator/jobs.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { KnowledgeBaseRow } from '../../src/knowledge/entities.ts'
import { databases } from '../kit/databases.ts'
import { openTestDatabase } from './database.ts'
import { submission } from './submission.ts'

describe.each(databases)('on %s', (_, open) => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  let nudges = 0

  const jobs = (queueDepth = 10) =>
    createJobs({ em: database.em, knowledgeBases, queueDepth, lanes: 4, concurrency: 1, nudge: () => nudges++ })
  const kbs = () => database.em.fork().find(KnowledgeBaseRow, {})

  beforeAll(async () => {
    database = await openTestDatabase(open)
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    nudges = 0
    await database.empty()
  })

  test('an accepted job is pending, has a start command, and its new kb exists', async () => {
    const admission = await jobs().submit(submission('manual'))
    expect(admission).toMatchObject({ outcome: 'accepted', kb_id: 'manual', status: 'pending' })
    expect(nudges).toBe(1)
    const em = database.em.fork()
    const job = await em.findOneOrFail(JobRow, { kbId: 'manual' })
    expect(job).toMatchObject({ status: 'pending', run: 1, startedAt: null })
    expect(Date.now() - job.submittedAt.getTime()).toBeLessThan(60_000)
    expect(await em.find(CommandRow, {})).toMatchObject([{ jobId: job.id, verb: 'start', appliedAt: null }])
    expect(await kbs()).toMatchObject([{ id: 'manual', embedding: { dimensions: 384 } }])
  })

  test('a second job of a kb is refused with the id of the unfinished one', async () => {
    const first = await jobs().submit(submission('manual'))
    const second = await jobs().submit(submission('manual'))
    expect(second).toEqual({
      outcome: 'conflict',
      job_id: first.outcome === 'accepted' ? first.job_id : '',
      status: 'pending',
    })
    expect(nudges).toBe(1)
  })

  test('of many submissions of one kb at once exactly one is accepted and the others name it', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => jobs().submit(submission('manual'))))
    const accepted = all.filter(one => one.outcome === 'accepted')
    expect(accepted).toHaveLength(1)
    const id = accepted[0]!.outcome === 'accepted' ? accepted[0]!.job_id : ''
    expect(all.filter(one => one.outcome === 'conflict' && one.job_id === id)).toHaveLength(7)
  })

  test('submissions at once never pass the depth of the queue', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, i) => jobs(3).submit(submission(`kb${i}`))))
    expect(all.filter(one => one.outcome === 'accepted')).toHaveLength(3)
    expect(all.filter(one => one.outcome === 'queue_full' && one.retry_after_s > 0)).toHaveLength(5)
    expect(await kbs()).toHaveLength(3)
  })

  test('another embedding is refused in words; another chunking is taken over', async () => {
    await jobs().submit(submission('manual'))
    await end('completed')
    const embedding = { provider: 'openai', model: 'text-embedding-3-small', dimensions: 1536 } as const
    const refused = await jobs().submit(submission('manual', { embedding }))
    expect(refused.outcome).toBe('settings_conflict')
    expect(refused.outcome === 'settings_conflict' && refused.message).toContain('hashing-v1 in 384 dimensions')

    const chunking = { strategy: 'fixed', chunk_size: 100, chunk_overlap: 0 } as const
    expect(await jobs().submit(submission('manual', { chunking }))).toMatchObject({ outcome: 'accepted' })
    expect(await kbs()).toMatchObject([{ chunking }])
  })

  test('a request that leaves the chunking open gets what the knowledge base has when it is admitted', async () => {
    const [read, now] = [256, 300].map(chunk_size => ({ strategy: 'fixed', chunk_size, chunk_overlap: 0 }) as const)
    const submitOpen = () => jobs().submit(submission('manual', { chunking: read!, chunking_open: true }))
    const latest = async () => (await database.em.fork().findOneOrFail(JobRow, { status: 'pending' })).submission
    await submitOpen()
    expect(await kbs()).toMatchObject([{ chunking: read }])
    expect((await latest()).chunking).toEqual(read)
    await end('completed')
    await database.em.fork().transactional(tx => knowledgeBases.setChunking(tx, 'manual', now!))
    await submitOpen()
    expect(await latest()).toMatchObject({ chunking: now })
    expect(await latest()).not.toHaveProperty('chunking_open')
    expect(await kbs()).toMatchObject([{ chunking: now }])
  })

  test('each run of a kb has the next number', async () => {
    for (const run of [1, 2, 3]) {
      await jobs().submit(submission('manual'))
      expect(await database.em.fork().findOne(JobRow, { status: 'pending' })).toMatchObject({ run })
      await end('completed')
    }
  })

  test('a new job of a kb whose last one failed closes that one', async () => {
    await jobs().submit(submission('manual'))
    await end('failed')
    expect(await jobs().submit(submission('manual'))).toMatchObject({ outcome: 'accepted' })
    const [old] = await database.em.fork().find(JobRow, { status: 'failed' })
    expect(old?.closedAt).toBeInstanceOf(Date)
  })

  test('jobs are shown newest first, by filter, with why they wait', async () => {
    await jobs().submit(submission('a'))
    await jobs().submit(submission('b', { priority: 5 }))
    const store = jobs()
    const list = async (filter: Partial<JobFilter>) => (await store.list({ limit: 10, after: null, ...filter }))!.jobs
    const shown = await list({})
    expect(shown.map(({ kb_id }) => kb_id)).toEqual(['b', 'a'])
    expect(shown[0]).toMatchObject({ status: 'pending', progress: 0, waiting_for: 'a coordinator: none is running' })
    await database.em.fork().execute(`update lease set until = now() + interval '1 hour'`)
    const [a] = await list({ limit: 1, kb_id: 'a' })
    expect(a?.waiting_for).toBe('a free lane: all 4 are taken')
    await database.em.fork().execute('insert into lane (lane) values (0)')
    expect((await store.ofKnowledgeBase('a'))?.waiting_for).toBe('queued behind 1 job')
    await end('running', 'b')
    expect((await store.get(a!.job_id))?.waiting_for).toBe('queued behind 1 job (1 run at once)')
    expect(await list({ status: 'running' })).toHaveLength(1)
    expect(await list({ kind: 'run', kb_id: 'a' })).toHaveLength(1)
    expect(await list({ kind: 'replay' })).toEqual([])
    expect(await store.get('nonsense')).toBeNull()
    await database.em.fork().execute(`update lease set until = '-infinity'`)
  })

  test('pages have each job once that there was at the first, whatever is admitted meanwhile', async () => {
    for (const kb of ['a', 'b', 'c', 'd', 'e']) await jobs().submit(submission(kb))
    const seen: string[] = []
    let after: string | null = null
    do {
      const page: JobPage = (await jobs().list({ limit: 2, after, status: 'pending' }))!
      expect(page.jobs.length).toBeLessThanOrEqual(2)
      seen.push(...page.jobs.map(({ kb_id }) => kb_id))
      after = page.next
      await jobs().submit(submission(`new-${seen.length}`))
    } while (after !== null)
    expect(seen).toEqual(['e', 'd', 'c', 'b', 'a'])
    expect((await jobs().list({ limit: 8, after: null }))!.next).toBeNull()
    expect(await jobs().list({ limit: 2, after: 'no-job' })).toBeNull()
  })

  const end = (status: string, kb = 'manual') =>
    database.em
      .fork()
      .execute(`update job set status = ?, completed_at = now() where kb_id = ? and status = 'pending'`, [status, kb])
})
