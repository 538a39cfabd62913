import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts'
import type { KnowledgeWriter } from '../../src/knowledge/knowledge-base.ts'
import { hashingEmbedder } from '../../src/models/hashing.ts'
import type { Embedder, EmbeddingSettings } from '../../src/models/model.ts'
import type { Effects } from '../../src/runtime/effects.ts'
import { Fatal } from '../../src/runtime/errors.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import type { Vector } from '../../src/schemas/vector.ts'
import type { Source } from '../../src/sources/source.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { embedding } from '../../src/stages/embedding.ts'
import { finishing } from '../../src/stages/finishing.ts'
import { indexing } from '../../src/stages/indexing.ts'
import { loading } from '../../src/stages/loading.ts'
import { silent } from '../kit/log.ts'

/** Files of the source, and those of them that can be read. */
export const files = 23
export const good = files - Math.floor(files / 7)
const bites = 5

/** Files of one paragraph each, every seventh of which cannot be read. */
const source: Source = {
  total: async () => files,
  async bite(cursor) {
    const from = Number(cursor ?? 0)
    const to = Math.min(files, from + Math.ceil(files / bites))
    return {
      documents: Array.from({ length: to - from }, (_, i) => {
        const n = from + i
        if (n % 7 === 6) return { uri: `file${n}.md`, code: 'unreadable', message: 'no' }
        return {
          uri: `file${n}.md`,
          title: '',
          mediaType: 'text/markdown',
          text: `# ${n}\n\nWords of ${n}.`,
          metadata: {},
        }
      }),
      next: to < files ? String(to) : null,
    }
  },
}

/** Starts every stage in this process; what is indexed is kept by chunk id. */
export const startStages = async (
  { broker, codec }: Pick<CoordinatorOptions, 'broker' | 'codec'>,
  steps: string[],
  indexed: Map<string, Vector>,
  model: { readonly refuses: boolean } = { refuses: false },
) => {
  const failed = (error: Error) => {
    throw error
  }
  const gate = await openGate({ broker, codec, failed })
  const writer: KnowledgeWriter = {
    async write(_, records) {
      for (const one of records) if (one.type === 'vector') indexed.set(one.chunk_id, one)
      return new Map()
    },
  }
  const effects: Effects<KnowledgeWriter> = {
    claim: async (job, stage, lane) => ({ job, stage, lane, fence: 1 }),
    apply: (_, first, __, work) => work(writer, first),
  }
  const store = {
    listed: async () => new Set<string>(),
    finish: async (_: unknown, step: string) => {
      steps.push(step)
      return `${step} done`
    },
  }
  const embedder = ({ dimensions }: EmbeddingSettings): Embedder => {
    const real = hashingEmbedder(dimensions)
    return {
      ...real,
      async embed(texts, signal) {
        if (model.refuses) throw new Fatal('unauthorized', 'The key is not valid.')
        return real.embed(texts, signal)
      },
    }
  }
  const common = { worker: 'here', broker, gate, codec, retry: {}, log: silent, failed }
  const running = [
    await runStage({
      ...common,
      effects: null,
      stage: loading({ openSource: () => ({ source, id: 'files' }), store }),
    }),
    await runStage({ ...common, effects: null, stage: chunking() }),
    await runStage({ ...common, effects: null, stage: embedding(embedder) }),
    await runStage({ ...common, effects, stage: indexing }),
    await runStage({ ...common, effects: null, stage: finishing(store) }),
  ]
  return async () => {
    await Promise.all(running.map(one => one.stop()))
    await gate.close()
  }
}
