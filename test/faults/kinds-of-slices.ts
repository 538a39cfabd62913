import type { StageName } from '../../src/pipeline.ts'
import { failpoints, type SliceStep } from '../../src/runtime/failpoint.ts'
import type { Kind } from './kind.ts'
import { pick } from './random.ts'
import type { Rig } from './rig.ts'
import { pastSessionMs, withinMs } from './under.ts'

const stages = ['loading', 'chunking', 'embedding', 'indexing'] as const satisfies readonly StageName[]
const threats: Readonly<Record<SliceStep, string>> = {
  'slice.taken': 'the slice is lost',
  'slice.transformed': 'the slice is lost',
  'slice.effected': 'the store has what Kafka has not: the slice is applied twice, or counted never',
  'slice.ready': 'outputs and offset are not of one piece',
  'slice.committed': 'a slice that is committed is done again',
}

/** Of the matrix: before the work, after it, between PostgreSQL and Kafka, before the commit, behind it. */
const rows: Readonly<Record<SliceStep, readonly number[]>> = {
  'slice.taken': [1],
  'slice.transformed': [2],
  'slice.effected': [9],
  'slice.ready': [3],
  'slice.committed': [5],
}

const pids = (rig: Rig, stage: StageName) => rig.workers(stage).map(({ pid }) => pid)

/** The stage whose slice it is; effects are INDEXING's. */
const stageFor = (point: SliceStep, random: () => number) =>
  point === 'slice.effected' ? 'indexing' : pick(stages, random)

const kills = failpoints.map(
  (point): Kind => ({
    name: `kill at ${point}`,
    rows: rows[point],
    threatens: threats[point],
    takesMs: 10_000,
    async strike(rig, _, random) {
      const stage = stageFor(point, random)
      const workers = rig.workers(stage)
      const pid = await rig.failpoints.order(pids(rig, stage), { point, stage, action: 'kill' }, withinMs)
      await workers.find(worker => worker.pid === pid)!.revive()
    },
  }),
)

const throws = failpoints.map(
  (point): Kind => ({
    name: `error at ${point}`,
    rows: rows[point],
    threatens: 'a slice is retried on what the attempt before left',
    takesMs: 3_000,
    async strike(rig, _, random) {
      const stage = stageFor(point, random)
      await rig.failpoints.order(pids(rig, stage), { point, stage, action: 'throw' }, withinMs)
    },
  }),
)

/** A slice that stands still for longer than a session. */
const standing = (name: string, row: number, threatens: string, point: SliceStep, action: 'block' | 'sleep'): Kind => ({
  name,
  rows: [row],
  threatens,
  takesMs: 12_000,
  async strike(rig, _, random) {
    const stage = pick(['chunking', 'embedding', 'indexing'] as const, random)
    await rig.failpoints.order(pids(rig, stage), { point, stage, action, ms: pastSessionMs }, withinMs)
  },
})

export const slicesKinds: readonly Kind[] = [
  ...kills,
  ...throws,
  standing('event loop blocked past the session', 21, 'a worker that was given up goes on', 'slice.ready', 'block'),
  standing('slice slower than the session', 20, 'a live worker is taken for dead', 'slice.taken', 'sleep'),
]
