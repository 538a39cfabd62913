import { expect, test } from 'vitest'
import { CommandRow, PublicationRow } from '../../src/coordinator/entities.ts'
import type { Verb } from '../../src/coordinator/jobs.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'
import { mortal } from './mortal.ts'

const bench = useBench()

/** Kills the first coordinator at a step of a job that is paused, resumed, fails, is retried and cancelled. */
const runKilledAt = async (step: number, only: string | null) => {
  await bench.renew()
  bench.discarded.length = 0
  const { line, em, submit, ended, lanesOf } = bench
  const victim = mortal(em, line.broker, step, only)
  const id = await submit('manual', { parallelism: 2 })
  await bench.coordinator({ em: victim.em, broker: victim.broker })
  const ask = async (verb: Verb) =>
    expect(await bench.jobs().command({ kb_id: 'manual', verb, phase: null })).toMatchObject({ outcome: 'accepted' })
  const told = (what: string, holds: (held: number, attempt: number) => boolean) =>
    until(what, async () => {
      const control = await line.of(0)
      return control?.job ? holds(control.held.length, control.job.attempt) : false
    })

  const drive = async () => {
    await line.started(id)
    await ask('pause')
    await ended(id, 'paused')
    expect((await line.of(0))!.held).toHaveLength(5)
    await ask('resume')
    await told('the resume', held => held === 0)
    await line.fail(id, 'embedding', 1)
    await ended(id, 'failed')
    await ask('retry')
    await told('the retry', (held, attempt) => held === 0 && attempt === 2)
    await ask('cancel')
    await ended(id, 'cancelled')
    await until('published', async () => (await em.fork().count(PublicationRow)) === 0)
    await until('free lanes', async () => (await lanesOf(null)).length === 4)
  }
  const driving = drive()
  const died = await Promise.race([driving.then(() => victim.dead), until('death', () => victim.dead)])
  if (died) {
    await bench.expireLease()
    await bench.coordinator()
  }
  await driving

  expect((await line.loadRequested()).map(({ value }) => value.job_id)).toEqual([id])
  const revisions = (await line.controls()).map(({ revision }) => revision)
  expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
  const commands = await em.fork().find(CommandRow, {}, { orderBy: { id: 'asc' } })
  expect(commands.map(({ verb, appliedAt, refusal }) => [verb, appliedAt !== null, refusal])).toEqual(
    ['start', 'pause', 'resume', 'retry', 'cancel'].map(verb => [verb, true, null]),
  )
  expect(new Set(bench.discarded)).toEqual(new Set([id]))
  return { died, at: victim.steps.at(-1) }
}

test('a coordinator that is killed after any of its steps is followed by one that carries each demand out, once', async () => {
  const deaths: (string | undefined)[] = []
  // Looks at who works on which lane come as often as the clock has it, so the number of steps varies.
  for (let step = 1; step < 80; step += 3) {
    const { died, at } = await runKilledAt(step, null)
    if (died) deaths.push(at)
  }
  expect(deaths.length).toBeGreaterThan(20)
  expect(new Set(deaths)).toContain('commit')
  expect(new Set(deaths)).toContain('transaction')
}, 300_000)
