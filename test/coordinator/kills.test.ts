import { expect, test } from 'vitest'
import { PublicationRow } from '../../src/coordinator/entities.ts'
import { finishSteps } from '../../src/coordinator/phases.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'
import { mortal } from './mortal.ts'

const bench = useBench()

/** Kills the first coordinator at a step of a job that fails and one that comes after it, then has another go on. */
const runKilledAt = async (step: number, only: string | null) => {
  await bench.renew()
  const { line, em, submit, ended, lanesOf } = bench
  const victim = mortal(em, line.broker, step, only)
  const failed = await submit('manual', { parallelism: 2 })
  await bench.coordinator({ em: victim.em, broker: victim.broker })

  const drive = async () => {
    await line.started(failed)
    await line.fail(failed, 'embedding', 1)
    await ended(failed, 'failed')
    const id = await submit('manual', { parallelism: 2 })
    await line.complete(id)
    await ended(id, 'completed')
    await until('published', async () => (await em.fork().count(PublicationRow)) === 0)
    await until('free lanes', async () => (await lanesOf(null)).length === 4)
    return id
  }
  const driving = drive()
  const died = await Promise.race([driving.then(() => victim.dead), until('death', () => victim.dead)])
  if (died) {
    await bench.expireLease()
    await bench.coordinator()
  }
  const id = await driving

  const requested = (await line.loadRequested()).map(({ value }) => value.job_id)
  expect(requested.toSorted()).toEqual([failed, id].toSorted())
  const finishing = [...finishSteps, 'end mark'].map(() => id)
  expect((await line.finishRequested()).map(({ value }) => value.job_id)).toEqual(finishing)
  const revisions = (await line.controls()).map(({ revision }) => revision)
  expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
  return { died, at: victim.steps.at(-1) }
}

/** Kills at one step after the other until a run is over before its step has come. */
const runKilledAtEach = async (only: string | null, every: number) => {
  const deaths: (string | undefined)[] = []
  for (let step = 1; ; step += every) {
    const { died, at } = await runKilledAt(step, only)
    if (!died) return deaths
    deaths.push(at)
  }
}

test('a coordinator that is killed after any of its Kafka commits is followed by one that goes on, once', async () => {
  // Both jobs' starts, the hold, the release of the failed one, the finish requests, the release of the other.
  expect(await runKilledAtEach('commit', 1)).toEqual(Array(6).fill('commit'))
}, 120_000)

test('a coordinator that is killed after any of its steps is followed by one that goes on, once', async () => {
  const deaths = await runKilledAtEach(null, 2)
  expect(new Set(deaths)).toContain('transaction')
  expect(deaths.length).toBeGreaterThan(20)
}, 300_000)
