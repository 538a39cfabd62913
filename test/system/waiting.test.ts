import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openScenario } from './scenario.ts'

let scenario: Awaited<ReturnType<typeof openScenario>>
beforeAll(async () => {
  scenario = await openScenario()
})
afterEach(() => scenario?.unhinder())
afterAll(() => scenario?.close())

/** The job says so within the ten seconds that are promised, and is none the worse for it. */
const says = async (job: string, why: RegExp) => {
  const status = await scenario.penstock.jobThat(job, `"${why}"`, one => why.test(one.waiting_for ?? ''), 10_000)
  expect(status).toMatchObject({ status: 'running', error: null })
}

test('a job whose provider limits it says until when, and goes on by itself', { timeout: 120_000 }, async () => {
  const { provider, start, isWhole, unhinder } = scenario
  const limitedUntil = Date.now() + 12_000
  provider.answer = () =>
    Date.now() < limitedUntil
      ? { kind: 'status', status: 429, message: 'Rate limit reached.', retryAfter: '8' }
      : { kind: 'vectors' }
  const job = await start('limited')
  await scenario.seen(job, 'chunking')
  await says(job, /^EMBEDDING: The embedding provider at \S+ limits the rate .*Rate limit reached.* \(next attempt at /)
  await unhinder()
  await isWhole(job, 'limited')
})

test('a job whose provider is broken says that it is left alone for a while, and goes on by itself', {
  timeout: 120_000,
}, async () => {
  const { provider, start, isWhole, unhinder } = scenario
  provider.answer = () => ({ kind: 'status', status: 503, message: 'Overloaded.' })
  const job = await start('broken')
  await scenario.seen(job, 'chunking')
  await says(job, /^EMBEDDING: The embedding provider at \S+ failed 5 times in a row and is left alone\..*Overloaded/)
  await unhinder()
  await isWhole(job, 'broken')
})
