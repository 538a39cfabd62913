import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ClientError } from '../../src/api/client.ts'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import { type Installation, openInstallation } from '../kit/installation.ts'
import { ended, runPenstock } from '../kit/penstock.ts'

let penstock: Installation
let outside: string
let job: JobStatus

const MiB = 1024 * 1024
const sentence = (i: number) =>
  `Paragraph ${i} speaks of valve ${(i * 7919) % 4001} and turbine ${(i * 104_729) % 997}.`
/** A document of so many MiB with sections, and its last sentence. */
const textOf = (size: number, end: string): string => {
  const blocks = [`# A document of ${size} MiB`]
  for (let i = 0, length = 0; length < size * MiB; i++) {
    const heading = i % 40 === 0 ? `## Section ${i / 40}\n\n` : ''
    const block = `${heading}${sentence(i)} ${sentence(i + 1)} ${sentence(i + 2)}`
    blocks.push(block)
    length += block.length + 2
  }
  return `${blocks.join('\n\n')}\n\n${end}\n`
}

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
  execFileSync('mkfifo', [join(penstock.corpus, 'pipe.md')])
  // Root may read everything, but follows no circle.
  if (process.getuid?.() === 0) symlinkSync('locked.md', join(penstock.corpus, 'locked.md'))
  else {
    penstock.write('locked.md', '# Locked\n')
    chmodSync(join(penstock.corpus, 'locked.md'), 0)
  }

  penstock.write('large.md', textOf(3, 'At the very end a kingfisher dives.'))

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
  expect(job).toMatchObject({ status: 'completed', error: null, metrics: { documents: 9, rejected: 7 } })
  expect(await penstock.client.knowledgeBase({ params: { kb_id: 'inputs' } })).toMatchObject({ documents: 2 })
  const { groups } = await penstock.client.deadLetters({ params: { job_id: job.job_id }, query: {} })
  const causes = groups.flatMap(({ code, examples }) => examples.map(({ uri }) => `${uri?.split('/').at(-1)} ${code}`))
  expect(causes.sort()).toEqual([
    'dangling.md file_gone',
    'empty.md empty_document',
    'latin1.md invalid_utf8',
    'link.md outside_roots',
    'locked.md unreadable',
    'picture.md binary_content',
    'pipe.md not_a_file',
  ])
  for (const { examples } of groups) for (const { message } of examples) expect(message).toContain('.md')

  const env = { ...process.env, PENSTOCK_URL: penstock.url }
  const { code, output } = await ended(runPenstock(['dead-letters', 'inputs'], penstock.corpus, env))
  expect(code).toBe(0)
  for (const cause of causes) {
    const [name, why] = cause.split(' ')
    expect(output).toMatch(new RegExp(`^1 time ${why} in loading\\n {2}file:.*/${name}: .*${name}.*\\.$`, 'm'))
  }
})

test('nothing outside of the allowed folders was read', async () => {
  const { hits } = await penstock.client.search({
    body: { kb_id: 'inputs', query: 'Nobody may read this secret', mode: 'text' },
  })
  expect(hits.filter(({ text }) => text.includes('Nobody'))).toEqual([])
})

test('a document of 3 MB is found by a phrase at its very end', async () => {
  const { hits } = await penstock.client.search({ body: { kb_id: 'inputs', query: 'kingfisher dives', top_k: 1 } })
  expect(hits[0]).toMatchObject({ title: 'A document of 3 MiB' })
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

test('a file of 50 MB is indexed whole in bounded memory, one past the limit is rejected by name', {
  timeout: 180_000,
}, async () => {
  const folder = join(penstock.corpus, 'huge')
  mkdirSync(folder)
  writeFileSync(join(folder, 'fifty.md'), textOf(50, 'At the end of all an osprey calls.'))
  writeFileSync(join(folder, 'past.md'), Buffer.alloc(65 * MiB, 'word '))
  const { job_id } = await penstock.client.ingest({
    body: { kb_id: 'huge', sources: [{ type: 'markdown', path: folder }], parallelism: 4 },
  })
  const job = await penstock.ended(job_id, 150_000)
  expect(job).toMatchObject({ status: 'completed', metrics: { rejected: 1 } })
  const { groups } = await penstock.client.deadLetters({ params: { job_id }, query: {} })
  expect(groups).toMatchObject([{ code: 'file_too_large', examples: [{ uri: expect.stringContaining('past.md') }] }])
  const { hits } = await penstock.client.search({ body: { kb_id: 'huge', query: 'osprey calls', top_k: 1 } })
  expect(hits[0]?.text).toContain('At the end of all an osprey calls.')
  expect(await penstock.contents('huge')).toHaveLength(job.metrics.chunks)
  if (process.platform !== 'linux') return
  const peaks = penstock.workers.map(({ role, pid }) => ({ role, peak: peakOf(pid) }))
  expect(peaks.filter(({ peak }) => peak > 1024 * MiB)).toEqual([])
})

/** The most memory that a process has had, in bytes. */
const peakOf = (pid: number): number =>
  Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
