import { afterAll, beforeAll, expect, test } from 'vitest'
import { openScenario } from './scenario.ts'

let scenario: Awaited<ReturnType<typeof openScenario>>
beforeAll(async () => {
  scenario = await openScenario()
})
afterAll(() => scenario?.close())

test('each role that is asked to end in the middle of a job does so with 0 within 10 s, and the job goes on by itself', {
  timeout: 180_000,
}, async () => {
  const { penstock, provider, start, seen, isWhole, unhinder } = scenario
  provider.latencyMs = 1_000
  await penstock.witness.slow('indexing', 0.5)
  const job = await start('restarted')
  await seen(job, 'embedding')
  for (const worker of penstock.workers) {
    const { outcome, ms } = await worker.restart()
    expect({ role: worker.role, outcome }).toEqual({ role: worker.role, outcome: 'code 0' })
    expect(ms, `ms that ${worker.role} took to end`).toBeLessThan(10_000)
  }
  await unhinder()
  await isWhole(job, 'restarted')
})
