import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitIntoParts } from '../../src/chunking/parts.ts'
import type { Document } from '../../src/schemas/document.ts'
import { chunks } from '../../src/schemas/topics.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { markdownText } from '../chunking/texts.ts'
import { tryStage } from '../kit/run-stage.ts'

const document = (overrides: Partial<Document> = {}): Document => ({
  type: 'document',
  job_id: 'job-1',
  document_id: 'd'.repeat(32),
  source: 'markdown:/docs',
  uri: 'file:///docs/a.md',
  version: 7,
  title: 'A',
  media_type: 'text/markdown',
  content_hash: 'c'.repeat(64),
  metadata: { a: '1' },
  part: 0,
  parts: 1,
  offset: 0,
  heading_path: [],
  text: '# A\n\nSome text.\n',
  deleted: false,
  language: null,
  ...overrides,
})
const partsOf = (text: string, limit: number): Document[] => {
  const parts = splitIntoParts(text, 'text/markdown', limit)
  return parts.map((part, i) =>
    document({ part: i, parts: parts.length, offset: part.offset, heading_path: part.headings, text: part.text }),
  )
}
const run = (inputs: readonly Document[], job = {}) => tryStage(chunking(), inputs, { job })
const chunksOf = async (inputs: readonly Document[], job = {}) =>
  (await run(inputs, job)).of(chunks).filter(one => one.type === 'chunk')

test('a document becomes its chunks and an end that counts them, all under its key', async () => {
  const { emissions } = await run([document({ text: `# A\n\n${'word '.repeat(200)}`, offset: 50 })])
  expect(emissions.every(one => one.key === 'd'.repeat(32) && one.lane === undefined)).toBe(true)
  const values = emissions.map(one => one.value)
  const end = values.pop()
  expect(values.length).toBeGreaterThan(1)
  expect(values[0]).toMatchObject({ type: 'chunk', version: 7, position: 0, offset: 50, heading_path: ['A'] })
  expect(values.map(one => one.type === 'chunk' && one.position)).toEqual(values.map((_, i) => i))
  expect(end).toMatchObject({
    type: 'document_end',
    version: 7,
    uri: 'file:///docs/a.md',
    metadata: { a: '1' },
    parts: 1,
    chunks: values.length,
    deleted: false,
  })
})

test('a deleted document is an end without chunks', async () => {
  const { emissions } = await run([document({ deleted: true, text: 'old text', parts: 0 })])
  expect(emissions.map(one => one.value)).toMatchObject([{ type: 'document_end', chunks: 0, deleted: true, parts: 0 }])
})

test('chunks are the same whatever the slice, in order of position, with ids of their own', async () => {
  await fc.assert(
    fc.asyncProperty(
      markdownText,
      fc.integer({ min: 64, max: 2000 }),
      fc.integer({ min: 1, max: 5 }),
      async (text, limit, slice) => {
        const parts = partsOf(text, limit)
        const whole = (await run(parts)).of(chunks)
        const sliced = []
        for (let i = 0; i < parts.length; i += slice) sliced.push(...(await run(parts.slice(i, i + slice))).of(chunks))
        expect(sliced).toEqual(whole)
        const found = whole.filter(one => one.type === 'chunk')
        expect(new Set(found.map(one => one.chunk_id)).size).toBe(found.length)
        expect(found.map(one => one.position)).toEqual(found.map(one => one.position).toSorted((a, b) => a - b))
        for (const { offset, text: piece } of found) expect(text.slice(offset, offset + piece.length)).toBe(piece)
      },
    ),
    { numRuns: 60 },
  )
})

test('a document of 3 MB has all its text in chunks, to the phrase at its very end', async () => {
  const text = `# Manual\n\n${Array.from({ length: 3000 }, (_, i) => `## Part ${i}\n\n${`Line ${i} of water. `.repeat(60)}\n\n`).join('')}the phrase at the very end`
  const parts = partsOf(text, 256 * 1024)
  expect(text.length).toBeGreaterThan(3_000_000)
  const job = { chunking: { strategy: 'markdown', chunk_size: 512, chunk_overlap: 50 } } as const
  const found = await chunksOf(parts, job)
  expect(found.at(-1)?.text).toMatch(/the phrase at the very end$/)
  expect(found.at(-1)?.position).toBeGreaterThanOrEqual((parts.length - 1) * 2 ** 20)
  expect(found.at(-1)?.heading_path).toContain('Manual')
})

test('the id of a chunk stays when text before it changes, and tells equal chunks apart', async () => {
  const section = (title: string, word: string) => `# ${title}\n\n${`${word} `.repeat(50)}\n\n`
  const ids = async (text: string) =>
    new Map((await chunksOf([document({ text })])).map(one => [one.text, one.chunk_id]))
  const before = await ids(section('One', 'alpha') + section('Two', 'beta'))
  const after = await ids(section('One', 'gamma') + section('Two', 'beta'))
  const two = [...before.keys()].find(text => text.startsWith('# Two'))!
  expect(after.get(two)).toBe(before.get(two))
  const same = await chunksOf([document({ text: section('One', 'alpha').repeat(3) })])
  expect(new Set(same.map(one => one.text)).size).toBe(1)
  expect(new Set(same.map(one => one.chunk_id)).size).toBe(3)
})

test('a large slice leaves the event loop its turns, and stops when it is told to', async () => {
  const inputs = Array.from({ length: 40 }, () => document({ text: 'water flows on and on. '.repeat(8000) }))
  let turns = 0
  const timer = setInterval(() => turns++, 10)
  await run(inputs)
  clearInterval(timer)
  expect(turns).toBeGreaterThan(2)
  const stopped = tryStage(chunking(), inputs, { signal: AbortSignal.abort(new Error('held')) })
  await expect(stopped).rejects.toThrow('held')
})
