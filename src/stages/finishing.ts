import type { KnowledgeStore } from '../knowledge/knowledge-base.ts'
import { defineStage } from '../runtime/stage.ts'
import { finish } from '../schemas/topics.ts'

/**
 * FINISHING does what needs all lanes of all phases done: drop the versions that did not become visible, prune old
 * ones, build the index. One step a slice, each safe to repeat, so that a pause falls between two of them at the
 * latest; the store ends a running one at its next statement when the signal aborts.
 */
export const finishing = (store: Pick<KnowledgeStore, 'finish'>) =>
  defineStage({
    name: 'finishing',
    phase: 'FINISHING',
    from: finish,
    to: [],
    isStep: () => true,
    slice: { records: 1, bytes: 64 * 1024 },
    async transform(inputs, { job, signal, say }) {
      for (const input of inputs) if (input.type === 'finish_request') say(await store.finish(job, input.step, signal))
      return inputs.map(() => [])
    },
  })
