import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEmbeddingServer } from '../kit/embedding-server.ts'
import { openInstallation } from '../kit/installation.ts'
import { until } from '../kit/until.ts'

const documents = 200
let provider: Awaited<ReturnType<typeof startEmbeddingServer>>
let penstock: Awaited<ReturnType<typeof openInstallation>>
beforeAll(async () => {
  provider = await startEmbeddingServer({ dimensions: 16 })
  penstock = await openInstallation(
    ['api', 'coordinator', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'],
    { OPENAI_BASE_URL: provider.baseUrl, PENSTOCK_EMBEDDING_BATCH: '16' },
  )
  for (let i = 0; i < documents; i++) penstock.write(`d${i}.md`, `# Document ${i}\n\n${`word${i} `.repeat(400)}\n`)
})
afterAll(async () => {
  await penstock?.close()
  await provider?.close()
})

test('when the active coordinator freezes a standby carries on, and the one that wakes changes nothing', {
  timeout: 120_000,
}, async () => {
  const { client, ledger, jobThat } = penstock
  provider.latencyMs = 200
  const sources = [{ type: 'markdown' as const, path: penstock.corpus }]
  const chunking = { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 } as const
  const embedding = { provider: 'openai', model: 'model', dimensions: 16 } as const
  const { job_id } = await client.ingest({ body: { kb_id: 'standby', sources, chunking, embedding, parallelism: 2 } })
  await until('a slice of embedding', () => ledger.of(job_id, 'embedding').length > 0, 30_000)

  const frozen = (await penstock.activeCoordinator())!
  frozen.signal('SIGSTOP')
  await client.pause({ params: { kb_id: 'standby' }, body: {} })
  await jobThat(job_id, 'the pause', ({ status }) => status === 'paused', 40_000)
  const active = await penstock.activeCoordinator()
  expect(active).not.toBeNull()
  expect(active).not.toBe(frozen)
  const slices = ledger.of(job_id).length

  frozen.signal('SIGCONT')
  await until('the frozen one stands by', () => /stands by/.test(frozen.log()), 20_000)
  await ledger.caughtUp()
  expect(ledger.of(job_id).length, 'slices of the paused job').toBe(slices)
  expect(await penstock.activeCoordinator()).toBe(active)

  provider.latencyMs = 0
  await client.resume({ params: { kb_id: 'standby' }, body: {} })
  expect(await penstock.ended(job_id)).toMatchObject({ status: 'completed', metrics: { documents, rejected: 0 } })
  await ledger.caughtUp()
  expect(ledger.faults(job_id)).toEqual([])
  expect(ledger.endMarks(job_id, 'loading'), 'runs of LOADING').toBe(1)
  expect(await penstock.halfWritten('standby')).toEqual([])
})
