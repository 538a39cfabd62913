import { expect, test } from 'vitest'
import type { KnowledgeWriter } from '../../src/knowledge/knowledge-base.ts'
import { hashingEmbedder } from '../../src/models/hashing.ts'
import type { Effects } from '../../src/runtime/effects.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import type { Vector } from '../../src/schemas/vector.ts'
import type { Source } from '../../src/sources/source.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { embedding } from '../../src/stages/embedding.ts'
import { finishing } from '../../src/stages/finishing.ts'
import { indexing } from '../../src/stages/indexing.ts'
import { loading } from '../../src/stages/loading.ts'
import { useBench } from './bench.ts'
import { log } from './database.ts'

const bench = useBench()

const files = 23
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
const startStages = async (steps: string[], indexed: Map<string, Vector>) => {
  const { broker, codec } = bench.line
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
  const common = { broker, gate, codec, retry: {}, log, failed }
  const running = [
    await runStage({
      ...common,
      effects: null,
      stage: loading({ openSource: () => ({ source, id: 'files' }), store }),
    }),
    await runStage({ ...common, effects: null, stage: chunking() }),
    await runStage({ ...common, effects: null, stage: embedding(({ dimensions }) => hashingEmbedder(dimensions)) }),
    await runStage({ ...common, effects, stage: indexing }),
    await runStage({ ...common, effects: null, stage: finishing(store) }),
  ]
  return async () => {
    await Promise.all(running.map(one => one.stop()))
    await gate.close()
  }
}

test('jobs run by the real stages complete with the counts of what went through, one after the other on the same lanes', async () => {
  const steps: string[] = []
  const indexed = new Map<string, Vector>()
  const stop = await startStages(steps, indexed)
  await bench.coordinator()
  for (const run of [1, 2]) {
    const id = await bench.submit('manual', { parallelism: 3 })
    await bench.ended(id, 'completed')
    const good = files - Math.floor(files / 7)
    expect(indexed.size).toBe(good)
    const status = await bench.jobs().get(id)
    expect(status).toMatchObject({ progress: 100, message: 'build_index done', error: null })
    expect(status?.metrics).toMatchObject({ documents: files, chunks: good, rejected: files - good })
    expect(
      status?.phase_details.map(({ name, items_processed, items_total, items_rejected }) => [
        name,
        items_processed,
        items_total,
        items_rejected,
      ]),
    ).toEqual([
      ['LOADING', files, files, files - good],
      ['CHUNKING', good, good, 0],
      ['EMBEDDING', good, good, 0],
      ['INDEXING', good, good, 0],
      ['FINISHING', 3, 3, 0],
    ])
    expect(steps.splice(0)).toEqual(['drop_unflipped', 'prune_versions', 'build_index'])
    expect((await bench.row(id)).run).toBe(run)
    indexed.clear()
  }
  await stop()
})
