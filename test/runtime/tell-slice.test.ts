import { expect, test } from 'vitest'
import { Reject } from '../../src/runtime/errors.ts'
import type { SliceCount } from '../../src/runtime/meter.ts'
import type { Outcome } from '../../src/runtime/stage.ts'
import { countSlice } from '../../src/runtime/tell-slice.ts'
import { type AnyRecord, chunks } from '../../src/schemas/topics.ts'
import { laneJob } from '../kit/line.ts'

const record = { offset: 0, key: 'k', value: Buffer.alloc(0), headers: {}, timestamp: 0 }
const count = (
  stage: Parameters<typeof countSlice>[0],
  values: readonly AnyRecord[],
  outcomes: readonly (readonly AnyRecord[] | Reject)[],
  items = 0,
): SliceCount =>
  countSlice(
    stage,
    laneJob(),
    {
      inputs: values.map(value => ({ record, value })),
      outcomes: outcomes.map(outcome =>
        outcome instanceof Reject
          ? outcome
          : outcome.map(value => ({ topic: chunks, key: 'k', value: value as never })),
      ) as readonly Outcome[],
      letters: [],
      items,
    },
    1500,
  )

const document = (part = 0, parts = 1) => ({ type: 'document', part, parts })
const end = (part = 0, parts = 1) => ({ type: 'document_end', part, parts })
const chunk = { type: 'chunk' }
const vector = (bytes: number) => ({ type: 'vector', embedding: Buffer.alloc(bytes) })

test('a document counts with its last part', () => {
  const found = count({ name: 'chunking' }, [document(0, 2), document(1, 2), document()], [[chunk, chunk], [chunk], []])
  expect(found).toMatchObject({
    stage: 'chunking',
    kbId: 'kb-1',
    seconds: 1.5,
    documents: 2,
    chunksOut: 3,
    chunksIn: 0,
  })
})

test('a chunk that was refused has no vector, and its stub none either', () => {
  const found = count(
    { name: 'embedding' },
    [chunk, chunk, chunk, end()],
    [[vector(64)], [vector(0)], new Reject('provider_400', 'no'), [end()]],
  )
  expect(found).toMatchObject({ chunksIn: 3, embedded: 1, documents: 1 })
})

test('LOADING counts what it found; of tables the documents that it made of rows', () => {
  const loading = { name: 'loading', fansOut: true }
  const request = { type: 'load_request' }
  expect(count(loading, [request], [[document()]], 7).documents).toBe(7)
  expect(count(loading, [{ type: 'load_event' }], [[document()]]).documents).toBe(1)
  expect(count(loading, [request], [[{ type: 'rows' }, document()]], 500).documents).toBe(1)
})
