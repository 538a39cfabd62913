import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Installation, openInstallation } from '../kit/installation.ts'
import { drained, publishStory, searchable } from '../kit/upstream-story.ts'

const kb = 'accounts'
let penstock: Installation
beforeAll(async () => {
  penstock = await openInstallation([
    ...(['api', 'coordinator', 'intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const),
  ])
})
afterAll(() => penstock?.close())

test('two upstream systems, and kill -9 of workers and of the broker half way: the end is that of a replay in memory', {
  timeout: 180_000,
}, async () => {
  const { job_id } = await penstock.client.ingest({
    body: { kb_id: kb, sources: [{ type: 'events' }], parallelism: 2 },
  })
  const expected = await publishStory(penstock, {
    ...{ kb, events: 3_000, uris: 150, seed: 1 },
    async halfWay() {
      for (const role of ['intake', 'loading', 'coordinator', 'indexing'] as const)
        await penstock.worker(role).replace()
      await penstock.restartKafka()
    },
  })
  const job = await drained(penstock, job_id, 90_000)
  const { texts, hidden } = await searchable(penstock, kb)
  expect([...texts].sort()).toEqual([...expected].sort())
  expect(hidden).toBe(0)
  expect(job).toMatchObject({ status: 'running', error: null, metrics: { rejected: 0 } })
  expect(await penstock.halfWritten(kb)).toEqual([])
  expect((await penstock.client.verify({ params: { kb_id: kb }, query: {} })).differences).toEqual([])
})
