import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { StageName } from '../../src/pipeline.ts'
import type { Role } from '../../src/roles.ts'
import type { Worker } from '../kit/installation.ts'
import { until } from '../kit/until.ts'
import { documents, folders, keystone, lanes, openScenario } from './scenario.ts'

let scenario: Awaited<ReturnType<typeof openScenario>>
beforeAll(async () => {
  scenario = await openScenario()
})
afterEach(() => scenario?.unhinder())
afterAll(() => scenario?.close())

const say = (what: string, times: readonly (readonly [string, number])[]) =>
  console.log(`${what}: ${times.map(([name, ms]) => `${name} ${(ms / 1000).toFixed(1)} s`).join(', ')}`)

describe('roles as separate processes', () => {
  test('two of embedding and two of indexing come to what the stages give one record after another', {
    timeout: 120_000,
  }, async () => {
    const { penstock, provider, start, isWhole } = scenario
    const job = await start('undisturbed')
    const ended = await isWhole(job, 'undisturbed')
    expect(ended.metrics.chunks).toBeGreaterThan(documents * 5)
    expect(penstock.ledger.of(job, 'loading').length).toBeGreaterThanOrEqual(folders)
    expect(new Set((await penstock.witness.owners(job)).values()).size, 'workers that indexed').toBe(2)
    expect(new Set(provider.requests.map(one => one.authorization)).size, 'workers that embedded').toBe(2)
  })

  test('each role killed in the middle of its work and started again comes to the same', {
    timeout: 180_000,
  }, async () => {
    const { penstock, provider, start, isWhole, seen, inside, asking } = scenario
    const { witness, ledger } = penstock
    provider.latencyMs = 1000
    await witness.slow('loading', 0.5)
    await witness.slow('indexing', 1)
    await witness.slow('finishing', 2)
    const job = await start('killed')
    const starting: Promise<void>[] = []
    const killedAt = new Map<Role, number>()
    const kill = async (worker: Worker) => {
      const dead = Promise.withResolvers<void>()
      starting.push(worker.replace(dead.resolve))
      await dead.promise
      killedAt.set(worker.role, performance.now())
    }
    const hadWorkLeft = async (stage: StageName) => {
      await ledger.caughtUp()
      const ends = stage === 'loading' || stage === 'finishing' ? 1 : lanes
      expect(ledger.endMarks(job, stage), `lanes that ${stage} had ended when it was killed`).toBeLessThan(ends)
    }

    await seen(job, 'loading')
    await kill(await inside('loading'))
    await hadWorkLeft('loading')
    await kill(penstock.worker('coordinator'))
    await kill(penstock.worker('api'))
    await seen(job, 'chunking')
    await kill(penstock.worker('chunking'))
    await hadWorkLeft('chunking')
    await seen(job, 'embedding')
    await kill(await asking())
    await hadWorkLeft('embedding')

    const indexer = await inside('indexing')
    const { name } = indexer
    const applied = async () =>
      (await witness.of(job)).filter(({ kind, worker }) => kind === 'apply' && worker === name)
    await penstock.withoutKafka(async () => {
      const before = (await applied()).length
      await until('a slice that PostgreSQL has and Kafka has not', async () => (await applied()).length > before)
      await kill(indexer)
    })
    const { lane, next } = (await applied()).at(-1)!
    expect(await penstock.committed('indexing', 'vectors', lane), 'of what was applied').toBeLessThan(next)
    await Promise.all(starting)
    provider.latencyMs = 0
    await witness.slow('loading', 0)
    await witness.slow('indexing', 0)

    await kill(await inside('finishing'))
    await hadWorkLeft('finishing')
    await Promise.all(starting)
    await isWhole(job, 'killed')
    killedAt.delete('api')
    killedAt.delete('coordinator')
    say(
      'all lanes were worked on again after the kill of',
      [...killedAt].map(([role, at]) => [role, ledger.recovery(job, role, at)]),
    )
  })

  test('workers frozen in the middle lose their lanes to others, and write nothing more of them when they wake', {
    timeout: 180_000,
  }, async () => {
    const { penstock, provider, start, isWhole, inside, asking, askedBy } = scenario
    const { witness } = penstock
    const since = provider.requests.length
    let released = false
    provider.latencyMs = 1000
    provider.answer = ({ texts }) =>
      !released && texts.some(one => one.includes(keystone))
        ? { kind: 'status', status: 429, retryAfter: '1' }
        : { kind: 'vectors' }
    await witness.slow('indexing', 1)
    const job = await start('frozen')

    const embedder = await asking()
    embedder.signal('SIGSTOP')
    const embedderFrozenAt = performance.now()
    const [asked] = askedBy(embedder, since).slice(-1)
    const indexer = await inside('indexing')
    indexer.signal('SIGSTOP')
    const indexerFrozenAt = performance.now()
    const lost = [...(await witness.owners(job))].filter(([, owner]) => owner === indexer.name).map(([lane]) => lane)
    expect(lost.length, 'lanes of the frozen indexer').toBeGreaterThan(0)

    let embeddedAgain = 0
    let indexedAgain = 0
    await penstock.jobThat(job, 'the work of the frozen ones with others', async ({ status }) => {
      expect(status, 'the job while they are frozen').toBe('running')
      const others = penstock.workers.filter(worker => worker !== embedder)
      const again = others.some(other =>
        askedBy(other, since).some(one => one.texts.some(text => asked!.texts.includes(text))),
      )
      if (again) embeddedAgain ||= performance.now() - embedderFrozenAt
      const owners = await witness.owners(job)
      if (lost.every(lane => owners.get(lane) !== indexer.name)) indexedAgain ||= performance.now() - indexerFrozenAt
      return embeddedAgain > 0 && indexedAgain > 0
    })

    provider.latencyMs = 0
    await witness.slow('indexing', 0)
    for (const worker of [embedder, indexer]) worker.signal('SIGCONT')
    // It is told by its own clock or by the group, whichever comes first.
    const noticed = /not heard by the group|not aware of this member/
    await until('the frozen embedder notices', () => noticed.test(embedder.log()), 20_000)
    released = true
    await isWhole(job, 'frozen')
    say('lanes of a frozen worker went to others after', [
      ['embedding', embeddedAgain],
      ['indexing', indexedAgain],
    ])

    const later = provider.requests.length
    const after = await start('after')
    await isWhole(after, 'after')
    expect(askedBy(embedder, later).length, 'requests of the one that was frozen').toBeGreaterThan(0)
    expect([...(await witness.owners(after)).values()], 'workers that index').toContain(indexer.name)
    expect(await witness.faults(job), 'writes of the job before').toEqual([])
  })
})
