import type { KnowledgeWriter } from '../../src/knowledge/knowledge-base.ts'
import { Reject } from '../../src/runtime/errors.ts'
import { defineStage } from '../../src/runtime/stage.ts'
import type { DocumentEnd } from '../../src/schemas/document-end.ts'
import type { Vector } from '../../src/schemas/vector.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { embedding } from '../../src/stages/embedding.ts'
import { finishing } from '../../src/stages/finishing.ts'
import { indexing } from '../../src/stages/indexing.ts'
import { loading } from '../../src/stages/loading.ts'
import { sourceOf } from './shape.ts'

/** What the stages ask of the outside, beside the line. */
export interface Outside {
  /** Told, and waited for, before each call; may throw. */
  call(stage: string, jobId: string): Promise<void>
}

/** The stages of the project, over a source of a few words, a model without weights and a store that lists nothing. */
export const stagesOver = ({ call }: Outside) => {
  const store = {
    listed: async () => new Set<string>(),
    finish: async (job: { readonly job_id: string }, step: string, signal: AbortSignal) => {
      signal.throwIfAborted()
      await call('finishing', job.job_id)
      return `${step} done`
    },
  }
  const open = (job: Parameters<typeof sourceOf>[0], index: number) => {
    const { source, id } = sourceOf(job, index)
    return {
      id,
      source: {
        total: source.total,
        async bite(cursor: string | null, signal: AbortSignal) {
          signal.throwIfAborted()
          await call('loading', job.job_id)
          return source.bite(cursor, signal)
        },
      },
    }
  }
  const modelFor = (jobId: string) => ({
    model: 'simulated',
    dimensions: 1,
    async embed(texts: readonly string[], signal: AbortSignal) {
      signal.throwIfAborted()
      await call('embedding', jobId)
      if (texts.some(text => text.includes('poison')))
        throw new Reject('content_policy', 'The model refuses this text.')
      return texts.map(text => new Float32Array([1 + text.length]))
    },
  })
  const cut = chunking()
  const embed = embedding(() => modelFor(''))
  return [
    loading({ openSource: open, store }),
    defineStage({
      ...cut,
      async transform(inputs, context) {
        context.signal.throwIfAborted()
        await call('chunking', context.job.job_id)
        return cut.transform(inputs, context)
      },
    }),
    defineStage({
      ...embed,
      transform: (inputs, context) => embedding(() => modelFor(context.job.job_id)).transform(inputs, context),
    }),
    indexing,
    finishing(store),
  ] as const
}

/** What a store refuses of these, and what it takes; `begun` may throw. */
export const writing = (
  take: (jobId: string, record: Vector | DocumentEnd) => void,
  begun: () => void = () => undefined,
): KnowledgeWriter => ({
  async write(job, records) {
    begun()
    const refused = new Map<number, Reject>()
    for (const [i, record] of records.entries())
      if (record.type === 'vector' && record.text.includes('refused'))
        refused.set(i, new Reject('bad_vector', 'The store refuses this chunk.'))
      else take(job.job_id, record)
    return refused
  },
})
