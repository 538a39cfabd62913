import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClientError } from '../../src/api/client.ts'
import { documentId } from '../../src/schemas/identity.ts'
import { ended, start as startPenstock } from '../cli/run.ts'
import { type EmbeddingServer, startEmbeddingServer } from '../kit/embedding-server.ts'
import { type Installation, openInstallation } from '../kit/installation.ts'
import { referenceOf } from '../kit/reference.ts'
import { until } from '../kit/until.ts'

const documents = 60
const dimensions = 8
const chunking = { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 } as const
const embedding = { provider: 'openai', model: 'test', dimensions } as const

let penstock: Installation
let provider: EmbeddingServer

beforeAll(async () => {
  provider = await startEmbeddingServer({ dimensions })
  penstock = await openInstallation(
    ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'embedding', 'indexing', 'finishing'],
    { OPENAI_BASE_URL: provider.baseUrl, PENSTOCK_EMBEDDING_BATCH: '16' },
  )
})
afterAll(async () => {
  await penstock?.close()
  await provider?.close()
})

/** Every fifth document has a section that the provider refuses for now, every twelfth is no text. */
const text = (kb: string, i: number, bad = i % 5 === 0) =>
  `# ${kb} ${i}\n\nWords of number ${i}.\n\n## Section\n\n${bad ? 'Something improper' : 'Something proper'} about ${i}.\n`
const isBinary = (i: number) => i % 12 === 11
const name = (kb: string, i: number) => `${kb}/d${i}.md`
const pathOf = (kb: string, i: number) => join(penstock.corpus, name(kb, i))
const uriOf = (kb: string, i: number) => pathToFileURL(pathOf(kb, i)).href
const all = Array.from({ length: documents }, (_, i) => i)

const refuseImproper = () => {
  provider.answer = ({ texts }) =>
    texts.some(one => one.includes('improper')) ? { kind: 'status', status: 400 } : { kind: 'vectors' }
}
const acceptAll = () => {
  provider.answer = () => ({ kind: 'vectors' })
}
const source = (kb: string) => ({ type: 'markdown' as const, path: join(penstock.corpus, kb) })
const ingest = async (kb: string) => {
  const body = { kb_id: kb, sources: [source(kb)], chunking, embedding, parallelism: 4 }
  return (await penstock.client.ingest({ body })).job_id
}
/** A run with rejects of LOADING and of EMBEDDING. */
const rejected = async (kb: string) => {
  for (const i of all) penstock.write(name(kb, i), isBinary(i) ? Buffer.from([0, 1, 2, 0]) : text(kb, i))
  refuseImproper()
  const job = await ingest(kb)
  expect((await penstock.ended(job)).status).toBe('completed')
  return job
}
const isWhole = async (kb: string) => {
  const settings = { kb_id: kb, chunking, embedding, sources: [JSON.stringify(source(kb))] }
  const reference = await referenceOf(settings, penstock.corpus)
  expect(await penstock.vectors(kb)).toEqual(await penstock.vectorsOf(reference))
  expect(await penstock.halfWritten(kb)).toEqual([])
}
const isVerified = (kb: string) =>
  until('a clean verification', async () => {
    const reports = [
      await penstock.client.verify({ params: { kb_id: kb }, query: {} }),
      await penstock.client.verifyInstallation({ query: {} }),
    ]
    return reports.every(({ differences, not_compared }) => differences.length + not_compared.length === 0)
  })
const letters = async (job: string) =>
  (await penstock.client.deadLetterRecords({ params: { job_id: job }, query: { limit: 500 } })).dead_letters
const statesOf = async (job: string) => new Set((await letters(job)).map(({ state }) => state))
const cli = (...args: readonly string[]) => ended(startPenstock(penstock.url, args))

describe('a replay', () => {
  const binary = all.filter(isBinary)
  const improper = all.filter(i => i % 5 === 0 && !isBinary(i))

  test('is tried out first, takes each dead letter once, and survives kills of its workers', {
    timeout: 180_000,
  }, async () => {
    const kb = 'mended'
    const job = await rejected(kb)
    const params = { job_id: job }
    const { groups } = await penstock.client.deadLetters({ params, query: {} })
    expect(groups.map(({ stage, code, count, open }) => [stage, code, count, open])).toEqual([
      ['embedding', 'provider_400', improper.length, improper.length],
      ['loading', 'binary_content', binary.length, binary.length],
    ])
    const [one] = await letters(job)
    expect(one?.trace_id).toMatch(/^[0-9a-f]{32}$/)
    expect(one?.input).toMatchObject(one?.stage === 'loading' ? { type: 'load_request' } : { type: 'chunk' })

    const before = await penstock.client.dryRunReplay({ params, body: { limit: 200 } })
    const fates = Map.groupBy(before.examined, ({ outcome }) => outcome)
    expect([fates.get('loads')?.length, fates.get('rejects')?.length]).toEqual([improper.length, binary.length])

    for (const i of binary) penstock.write(name(kb, i), text(kb, i, false))
    acceptAll()
    provider.latencyMs = 100
    const replay = await penstock.client.replayDeadLetters({ params, body: { documents_per_second: 10 } })
    expect(replay).toMatchObject({
      documents: binary.length + improper.length,
      dead_letters: binary.length + improper.length,
    })
    for (const role of ['loading', 'embedding', 'chunking', 'coordinator', 'indexing'] as const)
      await penstock.worker(role).replace()
    provider.latencyMs = 0
    const status = await penstock.ended(replay.job_id)
    expect(status).toMatchObject({
      ...{ status: 'completed', kind: 'replay', metrics: { documents: replay.documents, rejected: 0 } },
      replay: { of: job, documents: replay.documents, documents_per_second: 10 },
    })
    await isWhole(kb)
    await isVerified(kb)
    await penstock.ledger.caughtUp()
    expect(penstock.ledger.faults(replay.job_id)).toEqual([])
    expect(await statesOf(job)).toEqual(new Set(['replayed']))
    await expect(penstock.client.replayDeadLetters({ params, body: {} })).rejects.toMatchObject({
      ...{ status: 409, code: 'nothing_to_replay' },
    })
    expect((await penstock.client.kbStatus({ params: { kb_id: kb } })).job_id).toBe(job)
  })

  test('loads what was edited in place of what the source has, and what is still wrong is rejected anew', {
    timeout: 120_000,
  }, async () => {
    const kb = 'edited'
    const job = await rejected(kb)
    const file = join(penstock.corpus, 'edits.json')
    const tried = await cli(
      'dead-letters',
      'replay',
      kb,
      '--uri',
      uriOf(kb, 0),
      '--uri',
      uriOf(kb, 11),
      '--export',
      file,
    )
    expect(tried.stdout).toMatch(/^2 documents would be loaded again\.$/m)
    expect(tried.stdout).toMatch(/d0\.md .*from its source: \d chunk/)
    expect(tried.stdout).toMatch(/d11\.md .*binary_content: /)

    const id = documentId(kb, `markdown:${join(penstock.corpus, kb)}`, uriOf(kb, 0))
    writeFileSync(file, JSON.stringify([{ document_id: id, text: '# Edited\n\nA heron stands in the shallows.' }]))
    const replayed = await cli('dead-letters', 'replay', kb, '--edits', file, '--wait')
    expect(replayed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Replay of 1 document as job .* completed/),
    })
    const { hits } = await penstock.client.search({ body: { kb_id: kb, query: 'heron', mode: 'text' } })
    expect(hits.map(({ uri, title }) => [uri, title])).toEqual([[uriOf(kb, 0), 'Edited']])

    const rest = await cli(
      'dead-letters',
      'replay',
      kb,
      '--code',
      'binary_content',
      '--rate',
      '100',
      '--wait',
      '--json',
    )
    const status = JSON.parse(rest.stdout)
    expect(status).toMatchObject({ status: 'completed', metrics: { rejected: binary.length } })
    const anew = await letters(status.job_id)
    expect(anew.map(({ code, state }) => [code, state])).toEqual(binary.map(() => ['binary_content', 'open']))
    const given = await cli('dead-letters', 'discard', status.job_id, '--yes')
    expect(given.stdout).toBe(`Discarded ${binary.length} dead letters of job ${status.job_id}.\n`)
    expect(await statesOf(status.job_id)).toEqual(new Set(['discarded']))
    expect((await letters(job)).filter(({ state }) => state === 'open')).toHaveLength(improper.length - 1)
    await isVerified(kb)
  })

  test('runs beside a run of its knowledge base, keeps its rate, and is paused and cancelled by its own id', {
    timeout: 180_000,
  }, async () => {
    const kb = 'beside'
    const job = await rejected(kb)
    for (const i of binary) penstock.write(name(kb, i), text(kb, i, false))
    acceptAll()
    const params = { job_id: job }
    const body = { select: { stage: 'loading' }, documents_per_second: 0.5 }
    const slow = await penstock.client.replayDeadLetters({ params, body })
    await penstock.jobThat(slow.job_id, 'a document of the replay', ({ metrics }) => metrics.documents > 0)
    await expect(penstock.client.replayDeadLetters({ params, body: {} })).rejects.toBeInstanceOf(ClientError)

    const run = await ingest(kb)
    const of = { params: { kb_id: kb }, body: { job_id: slow.job_id } }
    await penstock.client.pause(of)
    const paused = await penstock.jobThat(slow.job_id, 'the pause', ({ status }) => status === 'paused')
    expect(paused.metrics.documents).toBeLessThan(binary.length)
    expect(await penstock.ended(run)).toMatchObject({ status: 'completed', metrics: { rejected: 0 } })
    await isWhole(kb)
    expect((await penstock.client.kbStatus({ params: { kb_id: kb } })).job_id).toBe(run)

    await penstock.client.cancel(of)
    await penstock.jobThat(slow.job_id, 'the cancel', ({ status }) => status === 'cancelled')
    await isWhole(kb)
    await isVerified(kb)
    expect(await statesOf(job), 'a replay that was cancelled leaves them open').toEqual(new Set(['open']))
    await expect(penstock.client.replayDeadLetters({ params, body: {} })).rejects.toThrow(
      /later run has loaded completely/,
    )
  })
})
