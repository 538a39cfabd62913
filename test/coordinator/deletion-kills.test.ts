import { expect, test } from 'vitest'
import { createDeletions } from '../../src/coordinator/deletion-store.ts'
import { markedUploads } from '../../src/coordinator/deletion-uploads.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { plantBelongings, rowsWith } from '../kit/belongings.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'
import { mortal } from './mortal.ts'

const bench = useBench()

/** Kills the first coordinator at a step of a deletion, then has another go on. */
const runKilledAt = async (step: number) => {
  await bench.renew()
  const { em, line } = bench
  const victim = mortal(em, line.broker, step, null)
  const kb = `doomed${step}`
  const job = await bench.submit(kb)
  await plantBelongings(em, kb, job)
  await createDeletions({ em, knowledgeBases, tenant: 'default' }).ask(kb)
  const marked = markedUploads(em)
  await marked.removed((await marked.list()).map(({ id }) => id))
  await bench.coordinator({ em: victim.em, broker: victim.broker })

  const drive = () =>
    until(
      `${kb} is gone`,
      async () => (await em.fork().execute('select 1 from knowledge_base_deletion')).length === 0,
      20_000,
    )
  const driving = drive()
  const died = await Promise.race([driving.then(() => victim.dead), until('death', () => victim.dead, 20_000)])
  if (died) {
    await bench.expireLease()
    await bench.coordinator()
  }
  await driving
  expect([...(await rowsWith(em, [kb, job]))].filter(([, rows]) => rows > 0)).toEqual([])
  return died
}

test('a coordinator that is killed after any step of a deletion is followed by one that comes to its end', async () => {
  let step = 1
  while (await runKilledAt(step)) step += 3
  expect(step).toBeGreaterThan(20)
}, 300_000)
