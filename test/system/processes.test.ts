import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddingServer, startEmbeddingServer } from '../kit/embedding-server.ts'
import { type Installation, openInstallation } from '../kit/installation.ts'

const documents = 240
const dimensions = 16
let provider: EmbeddingServer
let penstock: Installation
let undisturbed: string[]

const paragraph = (seed: number) =>
  Array.from({ length: 60 }, (_, i) => `word${(seed * 7919 + i * 104_729) % 5000}`).join(' ')

beforeAll(async () => {
  provider = await startEmbeddingServer({ dimensions })
  penstock = await openInstallation(
    ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'embedding', 'indexing', 'indexing', 'finishing'],
    { OPENAI_BASE_URL: provider.baseUrl, OPENAI_API_KEY: 'none', PENSTOCK_EMBEDDING_BATCH: '16' },
  )
  for (let i = 0; i < documents; i++)
    penstock.write(
      `d${i}.md`,
      `# Document ${i}\n\n${Array.from({ length: 12 }, (_, p) => `## Part ${p}\n\n${paragraph(i * 12 + p)}`).join('\n\n')}\n`,
    )
})
afterAll(async () => {
  await penstock?.close()
  await provider?.[Symbol.asyncDispose]()
})

const start = async (kb: string): Promise<string> => {
  const { job_id } = await penstock.client.ingest({
    body: {
      kb_id: kb,
      sources: [{ type: 'markdown', path: penstock.corpus }],
      chunking: { strategy: 'markdown', chunk_size: 128, chunk_overlap: 0 },
      embedding: { provider: 'openai', model: 'fake', dimensions },
      parallelism: 4,
    },
  })
  return job_id
}
/** Answers some requests and refuses the others for now, so that a job stays in its middle; returns the way on. */
const holdBack = () => {
  const first = provider.requests.length
  provider.answer = (_, n) => (n < first + 60 ? { kind: 'vectors' } : { kind: 'status', status: 429, retryAfter: '1' })
  return () => {
    provider.answer = () => ({ kind: 'vectors' })
  }
}
const completed = async (job: string) => {
  const ended = await penstock.ended(job, 90_000)
  expect(ended).toMatchObject({ status: 'completed', error: null })
  expect(ended.metrics).toMatchObject({ documents, chunks: undisturbed.length, rejected: 0 })
}

describe('roles as separate processes', () => {
  test('two of embedding and two of indexing index every file, each chunk with its vector', {
    timeout: 120_000,
  }, async () => {
    const job = await penstock.ended(await start('undisturbed'))
    undisturbed = await penstock.contents('undisturbed')
    await completed(job.job_id)
    expect(new Set(undisturbed.map(line => line.split(' ')[0])).size).toBe(documents)
    expect(undisturbed.length).toBeGreaterThan(documents * 5)
  })

  test('each role killed once during the job and started again gives the same set', { timeout: 180_000 }, async () => {
    const release = holdBack()
    const job = await start('killed')
    for (const role of ['loading', 'chunking', 'embedding', 'indexing', 'coordinator', 'api', 'finishing'] as const) {
      const { status } = await penstock.jobThat(job, `work before ${role} is killed`, ({ phase_details }) =>
        phase_details.some(phase => phase.name === 'CHUNKING' && phase.items_processed > 0),
      )
      expect(status, `the job when ${role} is killed`).toBe('running')
      await penstock.worker(role).replace()
    }
    release()
    await completed(job)
    expect(await penstock.contents('killed')).toEqual(undisturbed)
  })

  test('workers frozen in the middle lose their lanes to others, and change nothing when they wake', {
    timeout: 180_000,
  }, async () => {
    const release = holdBack()
    const job = await start('frozen')
    await penstock.jobThat(job, 'vectors', ({ phase_details }) =>
      phase_details.some(phase => phase.name === 'EMBEDDING' && phase.items_processed > 0),
    )
    const frozen = [penstock.worker('embedding'), penstock.worker('indexing')]
    for (const worker of frozen) worker.signal('SIGSTOP')
    expect((await penstock.jobThat(job, 'an answer', () => true)).status).toBe('running')
    release()
    await completed(job)
    expect(await penstock.contents('frozen')).toEqual(undisturbed)

    for (const worker of frozen) worker.signal('SIGCONT')
    await completed(await start('after'))
    expect(await penstock.contents('after')).toEqual(undisturbed)
    expect(await penstock.contents('frozen')).toEqual(undisturbed)
  })
})
