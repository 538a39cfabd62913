import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended, start as startPenstock } from '../cli/run.ts'
import { type Installation, openInstallation } from '../kit/installation.ts'
import { until } from '../kit/until.ts'
import { openUpstream } from '../kit/upstream.ts'

let penstock: Installation
let upstream: Awaited<ReturnType<typeof openUpstream>>

beforeAll(async () => {
  penstock = await openInstallation([
    ...(['api', 'coordinator', 'intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const),
  ])
  upstream = await openUpstream(penstock.addresses.KAFKA_BROKERS.split(','))
})
afterAll(async () => {
  await upstream?.close()
  await penstock?.close()
})

const kb = 'letters'
const byKb = { params: { kb_id: kb } }
const sources = (folder: string) => [{ type: 'markdown' as const, path: join(penstock.corpus, folder) }]
const textsFound = async (query: string) => {
  const { hits } = await penstock.client.search({ body: { kb_id: kb, query, mode: 'hybrid', top_k: 50 } })
  return hits.map(({ text }) => text)
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    error => `${error.status} ${error.code}`,
  )
const uploadsFolder = () => join(penstock.corpus, '..', 'uploads')

test('a knowledge base is deleted under its running jobs, through kill -9, and one of its name has only its own', async () => {
  const { client } = penstock
  penstock.write('old/first.md', '# Former\n\nThe former turbine.')
  await client.upload({ params: { kb_id: kb, path: 'sent.md' }, octets: new Blob(['The former upload.']) })
  const first = await client.ingest({ body: { kb_id: kb, sources: sources('old') } })
  expect((await penstock.ended(first.job_id)).status).toBe('completed')
  await upstream.publish(kb, [{ uri: 'ticket:1', text: 'The former ticket about a turbine.' }])
  await until(
    'its event is found',
    async () => (await textsFound('ticket')).some(text => text.includes('ticket')),
    30_000,
  )
  await penstock.stop('intake')
  await upstream.publish(kb, [{ uri: 'ticket:2', text: 'A former ticket that nobody has read.' }])
  for (let i = 0; i < 300; i++) penstock.write(`old/d${i}.md`, `# Former ${i}\n\n${'Words of the former. '.repeat(50)}`)
  const running = await client.ingest({ body: { kb_id: kb, sources: sources('old') } })
  await penstock.jobThat(running.job_id, 'it runs', job => job.status === 'running')

  const asked = await client.deleteKnowledgeBase(byKb)
  expect(asked).toMatchObject({ kb_id: kb, status: 'deleting' })
  expect(await codeOf(client.ingest({ body: { kb_id: kb, sources: sources('old') } }))).toBe('409 kb_deleting')
  expect(await codeOf(textsFound('turbine'))).toBe('409 kb_deleting')
  expect(await codeOf(client.verify({ ...byKb, query: {} }))).toBe('409 kb_deleting')
  const upload = { params: { kb_id: kb, path: 'late.md' }, octets: new Blob(['late']) }
  expect(await codeOf(client.upload(upload))).toBe('409 kb_deleting')
  await penstock.worker('coordinator').replace()
  await until(
    'it waits for INTAKE',
    async () => (await client.knowledgeBase(byKb)).deletion?.waiting_for?.startsWith('INTAKE') ?? false,
    60_000,
  )
  expect(readdirSync(uploadsFolder()).filter(name => !name.startsWith('.'))).toEqual([])
  await penstock.worker('coordinator').replace()
  expect(await client.deleteKnowledgeBase(byKb)).toMatchObject({ asked_at: asked.asked_at })
  await penstock.serve('intake')
  await until('it is gone', async () => (await codeOf(client.knowledgeBase(byKb))) === '404 not_found', 60_000)
  expect(await codeOf(client.deleteKnowledgeBase(byKb))).toBe('404 not_found')
  expect(await codeOf(client.job({ params: { job_id: running.job_id } }))).toBe('404 not_found')

  penstock.write('new/only.md', '# Present\n\nThe present turbine.')
  const { job_id } = await client.ingest({ body: { kb_id: kb, sources: sources('new') } })
  expect((await penstock.ended(job_id)).status).toBe('completed')
  expect(await textsFound('former turbine ticket')).toEqual([expect.stringContaining('The present turbine.')])
  expect((await client.jobs({ query: { kb_id: kb } })).jobs.map(job => job.job_id)).toEqual([job_id])
  expect((await client.deadLetters({ params: { job_id: 'INTAKE' }, query: {} })).groups).toEqual([])
  expect((await client.uploads({ ...byKb, query: {} })).uploads).toEqual([])
  await until('a clean verification', async () => {
    const reports = [await client.verify({ ...byKb, query: {} }), await client.verifyInstallation({ query: {} })]
    return reports.every(({ differences, not_compared }) => differences.length + not_compared.length === 0)
  })
  expect(existsSync(join(uploadsFolder(), kb))).toBe(false)
}, 180_000)

test('by the command line, which waits for its end where it is asked to', async () => {
  penstock.write('other/only.md', 'Something.')
  const { job_id } = await penstock.client.ingest({ body: { kb_id: 'other', sources: sources('other') } })
  await penstock.ended(job_id)
  const { code, stdout } = await ended(
    startPenstock(penstock.url, ['kb', 'delete', 'other', '--yes', '--wait', '--json']),
  )
  expect([code, JSON.parse(stdout)]).toEqual([0, { kb_id: 'other', deleted: true }])
  expect(await codeOf(penstock.client.knowledgeBase({ params: { kb_id: 'other' } }))).toBe('404 not_found')
})
