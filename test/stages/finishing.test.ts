import { expect, test, vi } from 'vitest'
import type { KnowledgeStore } from '../../src/knowledge/knowledge-base.ts'
import type { StageContext } from '../../src/runtime/stage.ts'
import type { FinishRequest } from '../../src/schemas/finish-request.ts'
import { finishing } from '../../src/stages/finishing.ts'

const request = (step: FinishRequest['step']): FinishRequest => ({ type: 'finish_request', job_id: 'job', step })
const { signal } = new AbortController()
const contextOf = (say: StageContext['say']) => ({ job: { kb_id: 'kb' }, signal, say }) as StageContext

test('does the step in the store, tells what it did and hands nothing on', async () => {
  const finish = vi.fn<KnowledgeStore['finish']>(async () => 'Built the index over 7 chunks.')
  const said: string[] = []
  const context = contextOf(message => said.push(message))
  expect(await finishing({ finish }).transform([request('build_index')], context)).toEqual([[]])
  expect(finish).toHaveBeenCalledExactlyOnceWith(context.job, 'build_index', signal)
  expect(said).toEqual(['Built the index over 7 chunks.'])
})

test('takes one step a slice, so that a hold falls between two of them', () => {
  expect(finishing({ finish: async () => '' }).slice.records).toBe(1)
})

test('lets an error of the store through and says nothing', async () => {
  const lost = new Error('connection lost')
  const say = vi.fn()
  const stage = finishing({ finish: () => Promise.reject(lost) })
  await expect(stage.transform([request('prune_versions')], contextOf(say))).rejects.toBe(lost)
  expect(say).not.toHaveBeenCalled()
})
