import { expect, test } from 'vitest'
import { chunkId, laneOf, settingsHash, sourceIdOf, versionOf } from '../../src/schemas/identity.ts'
import { laneJob } from '../kit/line.ts'

test('a source keeps its identity however its path is written and filtered', () => {
  const ids = ['/srv/docs', '/srv/docs/', '/srv//docs'].map(path => sourceIdOf({ type: 'markdown', path }))
  expect(new Set(ids)).toEqual(new Set(['markdown:/srv/docs']))
  expect(sourceIdOf({ type: 'markdown', path: '/' })).toBe('markdown:/')
  expect(sourceIdOf({ type: 'local_files', path: '/srv/docs' })).not.toBe(ids[0])
})

test('a chunk id tells documents, parts, texts and occurrences apart', () => {
  const ids = [
    chunkId('d', null, 'text', 0),
    chunkId('e', null, 'text', 0),
    chunkId('d', 0, 'text', 0),
    chunkId('d', 1, 'text', 0),
    chunkId('d', null, 'text!', 0),
    chunkId('d', null, 'text', 1),
  ]
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
})

test('versions stay exact numbers, and a later run is always larger', () => {
  expect(versionOf(2, 0)).toBeGreaterThan(versionOf(1, 2 ** 32 - 1))
  expect(Number.isSafeInteger(versionOf(2 ** 21 - 1, 2 ** 32 - 1))).toBe(true)
})

test('a document keeps its lane, and lanes share the documents', () => {
  const ids = Array.from({ length: 4000 }, (_, i) => chunkId('d', null, `${i}`, 0))
  const lanes = ids.map(id => laneOf(id, [1, 4, 6, 7]))
  expect(ids.map(id => laneOf(id, [1, 4, 6, 7]))).toEqual(lanes)
  for (const lane of [1, 4, 6, 7]) expect(lanes.filter(one => one === lane).length).toBeGreaterThan(850)
})

test('the settings hash follows what chunks and vectors are made with, and nothing else', () => {
  const job = laneJob()
  const hash = settingsHash(job)
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(settingsHash(laneJob({ run: 9, job_id: 'other', sources: ['{}'] }))).toBe(hash)
  const others = [
    { chunking: { ...job.chunking, chunk_size: 65 } },
    { chunking: { ...job.chunking, chunk_overlap: 9 } },
    { chunking: { ...job.chunking, strategy: 'fixed' as const } },
    { embedding: { ...job.embedding, dimensions: 9 } },
    { embedding: { ...job.embedding, model: 'other' } },
  ].map(change => settingsHash(laneJob(change)))
  expect(new Set([hash, ...others]).size).toBe(6)
})
