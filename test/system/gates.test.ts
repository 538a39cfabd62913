import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import { until } from '../kit/until.ts'
import { openScenario } from './scenario.ts'

let scenario: Awaited<ReturnType<typeof openScenario>>
beforeAll(async () => {
  scenario = await openScenario()
})
afterEach(() => scenario?.unhinder())
afterAll(() => scenario?.close())

const params = (kb: string) => ({ params: { kb_id: kb }, body: {} })
/** Requests of a knowledge base's model, and slices of its job, so far. */
const doneOf = async (job: string, kb: string) => {
  const { penstock, provider } = scenario
  await penstock.ledger.caughtUp()
  return {
    requests: provider.requests.filter(({ body }) => body.model === kb).length,
    slices: penstock.ledger.of(job).length,
  }
}
const paused = (job: string, withinMs?: number) =>
  scenario.penstock.jobThat(job, 'the pause', ({ status }) => status === 'paused', withinMs)
const embedded = (job: string) => scenario.seen(job, 'embedding')
/** Lets the other job come so much further, as a clock that runs only while work is done. */
const whileOtherWorks = async (job: string, slices = 10) => {
  const { ledger } = scenario.penstock
  const before = ledger.of(job).length
  await until('the other job goes on', () => ledger.of(job).length >= before + slices, 30_000)
}

describe('a paused job', () => {
  test('asks no model and commits nothing, while another job goes on, and ends whole after its resume', {
    timeout: 120_000,
  }, async () => {
    const { penstock, provider, start, isWhole } = scenario
    provider.latencyMs = 50
    const [job, other] = [await start('stood'), await start('went')]
    await embedded(job)
    const accepted = await penstock.client.pause(params('stood'))
    expect(accepted).toMatchObject({ job_id: job, status: 'running' })
    const status = await paused(job)
    expect(status.pause).toMatchObject({ missing: [], requested_at: expect.any(String) })
    expect(status.pause!.acknowledged).toBe(status.pause!.expected)
    expect(status.waiting_for).toMatch(/^its resume: it was paused at /)
    const before = await doneOf(job, 'stood')
    await whileOtherWorks(other)
    expect(await doneOf(job, 'stood')).toEqual(before)
    await penstock.client.resume(params('stood'))
    await isWhole(job, 'stood')
    await isWhole(other, 'went')
  })

  test('stays paused when its workers and the coordinator are killed, and when Kafka stands still or is killed', {
    timeout: 180_000,
  }, async () => {
    const { penstock, provider, start, isWhole } = scenario
    provider.latencyMs = 50
    const job = await start('survives')
    await embedded(job)
    await penstock.client.pause(params('survives'))
    await paused(job)
    const before = await doneOf(job, 'survives')
    const other = await start('beside')
    for (const worker of penstock.workers) if (worker.role !== 'api') await worker.replace()
    await penstock.withoutKafka(() => new Promise(resolve => setTimeout(resolve, 1_000)))
    await penstock.restartKafka()
    await penstock.ended(other, 90_000)
    expect(await doneOf(job, 'survives')).toEqual(before)
    expect((await penstock.client.job({ params: { job_id: job } })).status).toBe('paused')
    await penstock.client.resume(params('survives'))
    await isWhole(job, 'survives')
  })

  test('may be one phase alone: those before it go on, and the status says what stands', {
    timeout: 120_000,
  }, async () => {
    const { penstock, provider, start, isWhole, seen } = scenario
    provider.latencyMs = 50
    const job = await start('one-phase')
    await seen(job, 'chunking')
    await penstock.client.pause({ params: { kb_id: 'one-phase' }, body: { phase: 'EMBEDDING' } })
    const phase = ({ phase_details }: JobStatus, name: string) => phase_details.find(one => one.name === name)!
    const status = await penstock.jobThat(
      job,
      'EMBEDDING stands and CHUNKING is done',
      one => phase(one, 'EMBEDDING').status === 'paused' && phase(one, 'CHUNKING').status === 'completed',
    )
    expect(status).toMatchObject({ status: 'running', waiting_for: expect.stringContaining('the resume of EMBEDDING') })
    await expect(
      penstock.client.pause({ params: { kb_id: 'one-phase' }, body: { phase: 'CHUNKING' } }),
    ).rejects.toMatchObject({ status: 409, message: 'CHUNKING is completed: there is nothing to pause.' })
    await penstock.client.resume({ params: { kb_id: 'one-phase' }, body: { phase: 'EMBEDDING' } })
    await isWhole(job, 'one-phase')
  })
})

describe('a cancelled job', () => {
  test.each(['loading', 'chunking', 'embedding', 'indexing'] as const)(
    'asks no model any more, leaves nothing half written and lets its knowledge base start again, from %s',
    { timeout: 120_000 },
    async stage => {
      const { penstock, provider, start, seen, isWhole } = scenario
      const kb = `cancelled-in-${stage}`
      provider.latencyMs = 2_000
      const job = await start(kb)
      await seen(job, stage)
      const asked = performance.now()
      await penstock.client.cancel(params(kb))
      const status = await penstock.jobThat(job, 'the cancel', one => one.status === 'cancelled')
      expect(performance.now() - asked).toBeLessThan(5_000)
      expect(status.cancel).toBeNull()
      expect(await penstock.halfWritten(kb)).toEqual([])
      const before = await doneOf(job, kb)
      provider.latencyMs = 0
      const again = await start(kb)
      await isWholeButFor(again, kb, isWhole)
      expect(penstock.ledger.of(job).length).toBe(before.slices)
    },
  )

  /** What the cancelled job had completed is unchanged for the next one, so its counts are smaller. */
  const isWholeButFor = async (job: string, kb: string, isWhole: (typeof scenario)['isWhole']) => {
    const { penstock } = scenario
    const ended = await penstock.ended(job, 90_000)
    expect(ended).toMatchObject({ status: 'completed', error: null })
    const fresh = `${kb}-reference`
    await isWhole(await scenario.start(fresh), fresh)
    expect((await penstock.contents(kb)).length).toBe((await penstock.contents(fresh)).length)
  }
})

describe('a failed job', () => {
  test('goes on at the record that failed, and asks the model only for what it had not got', {
    timeout: 120_000,
  }, async () => {
    const { penstock, provider, start, isWhole } = scenario
    let served = 0
    const since = provider.texts.length
    provider.answer = ({ body }) =>
      body.model === 'refused' && ++served > 40
        ? { kind: 'status', status: 401, message: 'Incorrect API key provided.' }
        : { kind: 'vectors' }
    const job = await start('refused')
    const failed = await penstock.jobThat(job, 'the failure', ({ status }) => status === 'failed')
    expect(failed.error).toMatchObject({ phase: 'EMBEDDING', message: expect.stringContaining('Incorrect API key') })
    await expect(penstock.client.pause(params('refused'))).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining('A job that is failed does not take "pause"'),
    })
    provider.answer = () => ({ kind: 'vectors' })
    const loads = penstock.ledger.of(job, 'loading').length
    await penstock.client.retry({ params: { kb_id: 'refused' }, body: { phase: 'EMBEDDING' } })
    await isWhole(job, 'refused')
    expect(loads, 'bites before the failure').toBeGreaterThan(0)
    const texts = provider.texts.slice(since)
    expect(texts.length - new Set(texts).size, 'texts that were answered twice').toBe(0)
    await penstock.ledger.caughtUp()
    expect(new Set(penstock.ledger.of(job, 'loading').map(({ first }) => first)).size, 'bites, each once').toBe(
      penstock.ledger.of(job, 'loading').length,
    )
  })
})

describe('workers that are not there', () => {
  test('a frozen worker is not waited for longer than its session, and changes nothing when it wakes', {
    timeout: 120_000,
  }, async () => {
    const { penstock, provider, start, isWhole, asking, unhinder } = scenario
    provider.latencyMs = 1_000
    const job = await start('asleep')
    const frozen = await asking()
    frozen.signal('SIGSTOP')
    await penstock.client.pause(params('asleep'))
    const waits = await penstock.jobThat(job, 'who is waited for', one => (one.pause?.missing.length ?? 0) > 0)
    expect(waits.status).toBe('running')
    await paused(job, 40_000)
    const before = await doneOf(job, 'asleep')
    frozen.signal('SIGCONT')
    const noticed = /not heard by the group|not aware of this member/
    await until('the frozen worker notices', () => noticed.test(frozen.log()), 20_000)
    expect(await doneOf(job, 'asleep')).toEqual(before)
    await unhinder()
    await penstock.client.resume(params('asleep'))
    await isWhole(job, 'asleep')
  })

  test('a stage without a worker is acknowledged by the coordinator, for a pause and for a cancel', {
    timeout: 120_000,
  }, async () => {
    const { penstock, start, seen } = scenario
    await penstock.stop('indexing')
    try {
      const job = await start('unserved')
      await seen(job, 'embedding')
      const waits = await penstock.jobThat(job, 'its reason', ({ waiting_for }) => waiting_for !== null, 20_000)
      expect(waits.waiting_for).toBe('a worker for INDEXING: none is running (penstock run indexing)')
      await penstock.client.pause(params('unserved'))
      await paused(job, 20_000)
      await penstock.client.cancel(params('unserved'))
      await penstock.jobThat(job, 'the cancel', ({ status }) => status === 'cancelled', 10_000)
      expect(await penstock.halfWritten('unserved')).toEqual([])
    } finally {
      await penstock.serve('indexing')
    }
  })
})

describe('several clients at once', () => {
  test('whatever they ask, no state is illegal, and each job ends as it was last told', {
    timeout: 180_000,
  }, async () => {
    const { penstock, provider, start, isWhole } = scenario
    provider.latencyMs = 50
    const kbs = ['raced-1', 'raced-2']
    const jobs = new Map<string, string>()
    for (const kb of kbs) jobs.set(kb, await start(kb))
    let state = 42
    const pick = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((state / 2_147_483_648) * below)
    }
    const refusals: string[] = []
    const client = async () => {
      for (let i = 0; i < 25; i++) {
        const kb = kbs[pick(2)]!
        const verb = (['pause', 'resume', 'pause', 'resume', 'retry'] as const)[pick(5)]!
        const body = pick(3) === 0 ? { phase: (['CHUNKING', 'EMBEDDING', 'INDEXING'] as const)[pick(3)]! } : {}
        await penstock.client[verb]({ params: { kb_id: kb }, body }).catch(error => {
          if (error.status !== 409) throw error
          refusals.push(error.message)
        })
      }
    }
    await Promise.all(Array.from({ length: 8 }, client))
    expect(refusals.length).toBeGreaterThan(0)
    for (const refusal of refusals) expect(refusal).toMatch(/\w+ (is|take)/)

    // The last word: one goes on, the other is cancelled.
    await penstock.client.resume(params('raced-1')).catch(() => undefined)
    await penstock.client.cancel(params('raced-2')).catch(error => expect(error.message).toContain('completed'))
    await isWhole(jobs.get('raced-1')!, 'raced-1')
    const other = await penstock.ended(jobs.get('raced-2')!, 30_000)
    expect(['cancelled', 'completed']).toContain(other.status)
    expect(await penstock.halfWritten('raced-2')).toEqual([])
    expect(penstock.ledger.faults(other.job_id)).toEqual([])
  })
})
