import type { KnowledgeStore } from './knowledge/knowledge-base.ts'
import type { Embedder, EmbeddingSettings } from './models/model.ts'
import type { Stage } from './runtime/stage.ts'
import { type Topic, topics } from './schemas/topics.ts'
import type { OpenSource } from './sources/source.ts'
import { chunking } from './stages/chunking.ts'
import { embedding } from './stages/embedding.ts'
import { finishing } from './stages/finishing.ts'
import { indexing } from './stages/indexing.ts'
import { loading } from './stages/loading.ts'
import { tabulating } from './stages/tabulating.ts'

/** What the stages are given of the world: ports alone. */
export interface PipelineParts {
  readonly openSource: OpenSource
  readonly store: Pick<KnowledgeStore, 'listed' | 'finish'>
  embedderFor(settings: EmbeddingSettings): Embedder
}

/**
 * THE LINE, in order. Each stage names the topic it reads and the topics it writes; nothing else joins them:
 *
 *   upstream.documents ─▶ INTAKE ─▶ load.requests, where a stream's lane is
 *
 *   load.requests ─▶ LOADING ─▶ documents ─▶ CHUNKING ─▶ chunks ─▶ EMBEDDING ─▶ vectors ─▶ INDEXING ─▶ store
 *                          └──▶ rows ──────────────────────────────────────────────▶ TABULATING ─▶ store
 *                                                                               finish ─▶ FINISHING ─▶ store
 */
export const pipeline = ({ openSource, store, embedderFor }: PipelineParts) => ({
  loading: loading({ openSource, store }),
  chunking: chunking(),
  embedding: embedding(embedderFor),
  indexing,
  tabulating,
  finishing: finishing(store),
})

export type StageName = keyof ReturnType<typeof pipeline>

export const stageNames = [
  'loading',
  'chunking',
  'embedding',
  'indexing',
  'tabulating',
  'finishing',
] as const satisfies readonly StageName[]

/** What writes and reads topics beside the stages. */
const others = {
  writes: {
    coordinator: ['load.requests', 'finish', 'control', 'job.events'],
    intake: ['load.requests', 'dead.letters'],
    upstream: ['job.commands', 'upstream.documents'],
  },
  reads: {
    coordinator: ['progress', 'dead.letters', 'job.commands'],
    intake: ['upstream.documents', 'control'],
    upstream: ['job.events'],
  },
} as const satisfies Record<'writes' | 'reads', Record<string, readonly string[]>>

const namedIn = (of: Readonly<Record<string, readonly string[]>>, topic: string): readonly string[] =>
  Object.keys(of).filter(name => of[name]!.includes(topic))

/** What the runtime reads and writes for every stage. */
const runtime = { reads: ['control'], writes: ['progress', 'dead.letters'] } as const

/**
 * Holds the stages against the map in `schemas/topics.ts`. Throws with every difference: a topic without a writer or a
 * reader, a lane with two readers, an edge that the map does not have.
 */
export const checkPipeline = (stages: readonly Stage[], map: readonly Topic[] = topics): void => {
  const wrong: string[] = []
  for (const topic of map) {
    const writers = new Set<string>(stages.filter(stage => stage.to.includes(topic)).map(stage => stage.name))
    const readers = new Set<string>(stages.filter(stage => stage.from === topic).map(stage => stage.name))
    for (const stage of stages) {
      if (runtime.writes.some(name => name === topic.name)) writers.add(stage.name)
      if (runtime.reads.some(name => name === topic.name)) readers.add(stage.name)
    }
    for (const name of namedIn(others.writes, topic.name)) writers.add(name)
    for (const name of namedIn(others.reads, topic.name)) readers.add(name)
    if (writers.size === 0) wrong.push(`${topic.name} has no writer`)
    if (readers.size === 0) wrong.push(`${topic.name} has no reader`)
    const owners = stages.filter(stage => stage.from === topic)
    if (owners.length > 1)
      wrong.push(`the lanes of ${topic.name} have two readers: ${owners.map(s => s.name).join(', ')}`)
    wrong.push(...differences(`writers of ${topic.name}`, topic.writers, writers))
    wrong.push(...differences(`readers of ${topic.name}`, topic.readers, readers))
  }
  for (const stage of stages)
    for (const topic of [stage.from, ...stage.to])
      if (!map.includes(topic)) wrong.push(`${stage.name} uses ${topic.name}, which is not on the map`)
  if (wrong.length > 0) throw new Error(`The pipeline does not fit its map of topics:\n  ${wrong.join('\n  ')}`)
}

const differences = (what: string, declared: readonly string[], actual: ReadonlySet<string>): string[] => {
  const missing = declared.filter(name => !actual.has(name)).map(name => `the ${what} should include ${name}`)
  const extra = [...actual].filter(name => !declared.includes(name)).map(name => `the ${what} do not include ${name}`)
  return [...missing, ...extra]
}
