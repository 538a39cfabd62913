import { expect, test } from 'vitest'
import { checkPipeline, type PipelineParts, pipeline } from '../src/pipeline.ts'
import type { Stage } from '../src/runtime/stage.ts'
import { chunks, topics, vectors } from '../src/schemas/topics.ts'

const never = () => {
  throw new Error('not called')
}
const parts: PipelineParts = { openSource: never, embedderFor: never, store: { listed: never, finish: never } }
const line = () => Object.values(pipeline(parts)) as unknown as Stage[]

test('the line fits its map of topics', () => {
  expect(() => checkPipeline(line())).not.toThrow()
})

test('a topic that nobody writes is refused by name', () => {
  const stages = line().map(stage => (stage.name === 'chunking' ? { ...stage, to: [] } : stage))
  expect(() => checkPipeline(stages)).toThrow('chunks has no writer')
})

test('a topic that nobody reads is refused by name', () => {
  expect(() => checkPipeline(line().filter(stage => stage.name !== 'indexing'))).toThrow('vectors has no reader')
})

test('a lane with two readers is refused with both names', () => {
  const second = { ...line()[2]!, name: 'extracting' }
  expect(() => checkPipeline([...line(), second])).toThrow(
    'the lanes of chunks have two readers: embedding, extracting',
  )
})

test('an edge that the map does not have is refused', () => {
  const stages = line().map(stage => (stage.name === 'loading' ? { ...stage, to: [...stage.to, vectors] } : stage))
  expect(() => checkPipeline(stages)).toThrow('the writers of vectors do not include loading')
})

test('a topic that is not on the map is refused', () => {
  const stray = { ...chunks, name: 'stray' }
  const stages = line().map(stage => (stage.name === 'chunking' ? { ...stage, to: [chunks, stray] } : stage))
  expect(() => checkPipeline(stages, topics)).toThrow('chunking uses stray, which is not on the map')
})
