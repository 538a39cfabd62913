import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ClientError } from '../../src/api/client.ts'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import { type Installation, openInstallation } from '../kit/installation.ts'

let penstock: Installation
let outside: string
let job: JobStatus

const sentence = (i: number) =>
  `Paragraph ${i} speaks of valve ${(i * 7919) % 4001} and turbine ${(i * 104_729) % 997}.`

beforeAll(async () => {
  penstock = await openInstallation(['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'])
  outside = mkdtempSync(join(tmpdir(), 'penstock-test-outside-'))
  writeFileSync(join(outside, 'secret.md'), '# Secret\n\nNobody may read this.\n')
  penstock.write('good.md', '# Good\n\nThe heron stands in the shallow water.\n')
  penstock.write('picture.md', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1, 2, 3, 0, 0, 0, 4]))
  penstock.write('empty.md', '')
  penstock.write('latin1.md', Buffer.from('# Caf\xe9\n\nNot UTF-8.\n', 'latin1'))
  symlinkSync(join(outside, 'secret.md'), join(penstock.corpus, 'link.md'))
  symlinkSync(join(penstock.corpus, 'nowhere'), join(penstock.corpus, 'dangling.md'))
  mkdirSync(join(penstock.corpus, 'folder.md'))

  const large: string[] = ['# A large document']
  for (let i = 0, size = 0; size < 3 * 1024 * 1024; i++) {
    const block = `${i % 40 === 0 ? `## Section ${i / 40}\n\n` : ''}${sentence(i)} ${sentence(i + 1)} ${sentence(i + 2)}`
    large.push(block)
    size += block.length + 2
  }
  penstock.write('large.md', `${large.join('\n\n')}\n\nAt the very end a kingfisher dives.\n`)

  const { job_id } = await penstock.client.ingest({
    body: { kb_id: 'inputs', sources: [{ type: 'markdown', path: penstock.corpus }] },
  })
  job = await penstock.ended(job_id, 120_000)
})
afterAll(async () => {
  await penstock?.close()
  rmSync(outside, { recursive: true, force: true })
})

test('what cannot be read is rejected by name and cause, and the rest is indexed', async () => {
  expect(job).toMatchObject({ status: 'completed', error: null, metrics: { documents: 7, rejected: 5 } })
  expect(await penstock.client.knowledgeBase({ params: { kb_id: 'inputs' } })).toMatchObject({ documents: 2 })
  const { groups } = await penstock.client.deadLetters({ params: { job_id: job.job_id }, query: {} })
  const causes = groups.flatMap(({ code, examples }) => examples.map(({ uri }) => `${uri?.split('/').at(-1)} ${code}`))
  expect(causes.sort()).toEqual([
    'dangling.md file_gone',
    'empty.md empty_document',
    'latin1.md invalid_utf8',
    'link.md outside_roots',
    'picture.md binary_content',
  ])
  for (const { examples } of groups) for (const { message } of examples) expect(message).toContain('.md')
})

test('nothing outside of the allowed folders was read', async () => {
  const { hits } = await penstock.client.search({
    body: { kb_id: 'inputs', query: 'Nobody may read this secret', mode: 'text' },
  })
  expect(hits.filter(({ text }) => text.includes('Nobody'))).toEqual([])
})

test('a document of 3 MB is found by a phrase at its very end', async () => {
  const { hits } = await penstock.client.search({ body: { kb_id: 'inputs', query: 'kingfisher dives', top_k: 1 } })
  expect(hits[0]).toMatchObject({ title: 'A large document' })
  expect(hits[0]?.text).toContain('At the very end a kingfisher dives.')
})

test('a path outside of the allowed folders is refused at submission, with its place in the request', async () => {
  const submission = penstock.client.ingest({
    body: { kb_id: 'outside', sources: [{ type: 'markdown', path: outside }] },
  })
  const error = await submission.then(
    () => null,
    thrown => thrown,
  )
  expect(error).toBeInstanceOf(ClientError)
  expect(error.status).toBe(422)
  expect(error.mistakes).toEqual([
    { path: 'sources[0].path', message: expect.stringContaining('outside of the allowed folders') },
  ])
})

test('a second run of the unchanged folder asks no model and changes nothing', async () => {
  const before = await penstock.contents('inputs')
  const { job_id } = await penstock.client.ingest({
    body: { kb_id: 'inputs', sources: [{ type: 'markdown', path: penstock.corpus }] },
  })
  const again = await penstock.ended(job_id)
  const embedding = again.phase_details.find(({ name }) => name === 'EMBEDDING')
  expect(again.status).toBe('completed')
  expect(embedding).toMatchObject({ items_processed: 0, status: 'completed' })
  expect(await penstock.contents('inputs')).toEqual(before)
})
