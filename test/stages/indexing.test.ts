import { expect, test, vi } from 'vitest'
import type { KnowledgeWriter } from '../../src/knowledge/knowledge-base.ts'
import { Reject } from '../../src/runtime/errors.ts'
import type { StageContext } from '../../src/runtime/stage.ts'
import type { DocumentEnd } from '../../src/schemas/document-end.ts'
import { vectors } from '../../src/schemas/topics.ts'
import type { Vector } from '../../src/schemas/vector.ts'
import { indexing } from '../../src/stages/indexing.ts'

const vector = { type: 'vector', document_id: 'doc', text: 'one' } as Vector
const end = { type: 'document_end', document_id: 'doc', chunks: 1 } as DocumentEnd
const lineageOf: StageContext['lineageOf'] = () => ({ traceparent: null, origin: 'vectors/0/0' })
const context = { job: { kb_id: 'kb' } as StageContext['job'], lineageOf } as StageContext

test('writes the slice in its order and hands back what the store refused, by index', async () => {
  const refused = new Map([[1, new Reject('incomplete', 'a chunk is missing')]])
  const write = vi.fn<KnowledgeWriter['write']>(async () => refused)
  expect(await indexing.effect?.([vector, end], { write }, context)).toBe(refused)
  expect(write).toHaveBeenCalledExactlyOnceWith(context.job, [vector, end], lineageOf)
})

test('lets an error of the store through, so that the slice is tried again', async () => {
  const lost = new Error('connection lost')
  const writer: KnowledgeWriter = { write: () => Promise.reject(lost) }
  await expect(indexing.effect?.([vector], writer, context)).rejects.toBe(lost)
})

test('has no outputs', async () => {
  expect(indexing.to).toEqual([])
  expect(await indexing.transform([vector, end], context)).toEqual([[], []])
})

test('counts chunks, not document ends', () => {
  expect(indexing.from).toBe(vectors)
  expect([vector, end].map(record => indexing.from.counts({ ...record }))).toEqual([1, 0])
})
