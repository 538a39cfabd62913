import { setTimeout as delay } from 'node:timers/promises'
import type { SliceStep } from '../../src/runtime/failpoint.ts'
import type { Kind } from './kind.ts'
import { paused, resumed } from './pausing.ts'
import { pick } from './random.ts'
import type { Rig } from './rig.ts'
import { freeze, withinMs } from './under.ts'

/** The worker of INTAKE that has come to a step. */
const workerAt = async (rig: Rig, point: SliceStep, action: 'kill' | 'sleep') => {
  const workers = rig.workers('intake')
  const pids = workers.map(({ pid }) => pid)
  const pid = await rig.failpoints.order(pids, { point, stage: 'intake', action, ms: 1_000 }, withinMs)
  return workers.find(worker => worker.pid === pid)!
}

const killAt = (point: SliceStep, rows: readonly number[], threatens: string): Kind => ({
  name: `kill of INTAKE at ${point}`,
  rows,
  on: 'stream',
  threatens,
  takesMs: 10_000,
  strike: async rig => (await workerAt(rig, point, 'kill')).revive(),
})

export const eventKinds: readonly Kind[] = [
  {
    name: 'kill of INTAKE',
    rows: [1, 2],
    on: 'stream',
    threatens: 'events are lost, doubled, or overtake one another',
    takesMs: 10_000,
    strike: (rig, _, random) => pick(rig.workers('intake'), random).replace(),
  },
  killAt('slice.ready', [3], 'events and the offset behind them are not of one piece'),
  killAt('slice.committed', [5], 'events that are in their lane are brought there again'),
  {
    name: 'INTAKE frozen past its session',
    rows: [8],
    on: 'stream',
    threatens: 'it brings events that are another’s by then, behind those that came later',
    takesMs: 12_000,
    strike: async (rig, _, random) =>
      freeze(await workerAt(rig, pick(['slice.transformed', 'slice.ready'] as const, random), 'sleep')),
  },
  {
    name: 'events through a Kafka restart',
    rows: [22],
    on: 'stream',
    threatens: 'an event is lost, doubled, or overtakes a later one',
    takesMs: 18_000,
    strike: ({ penstock }) => penstock.restartKafka(),
  },
  {
    name: 'pause of a stream while events come, resume',
    rows: [13],
    on: 'stream',
    threatens: 'events of a paused stream are worked on, or dropped',
    takesMs: 6_000,
    async strike(rig, target) {
      const slices = await paused(rig, target)
      await delay(1_500)
      await resumed(rig, target, slices)
    },
  },
  {
    name: 'kill of the coordinator beside a stream',
    rows: [32],
    on: 'stream',
    threatens: 'its lane is published anew, and events go where it was',
    takesMs: 6_000,
    strike: rig => rig.penstock.worker('coordinator').replace(),
  },
]
