import { setTimeout as delay } from 'node:timers/promises'
import type { Kind } from './kind.ts'
import { pick } from './random.ts'
import type { Rig } from './rig.ts'

const hourMs = 3_600_000

/** The clocks of some processes are wrong for a while, and right again in the end, which is a step as well. */
const wrong = async (rig: Rig, pids: readonly number[], steps: readonly number[]): Promise<void> => {
  try {
    for (const ms of steps) {
      await rig.failpoints.clock(pids, ms)
      await delay(700)
    }
  } finally {
    await rig.failpoints.clock(pids, 0)
  }
}

const threatens = 'what is decided by a clock is decided too early, or never'

export const clockKinds: readonly Kind[] = [
  {
    name: 'the clocks of all processes step by an hour and back',
    rows: [35],
    threatens,
    takesMs: 4_000,
    strike: (rig, _, random) =>
      wrong(
        rig,
        rig.penstock.workers.map(({ pid }) => pid),
        pick(
          [
            [hourMs, -hourMs],
            [-hourMs, hourMs],
          ] as const,
          random,
        ),
      ),
  },
  {
    name: 'the clock of one process is an hour off',
    rows: [35],
    threatens,
    takesMs: 4_000,
    strike: (rig, _, random) =>
      wrong(rig, [pick(rig.penstock.workers, random).pid], [pick([hourMs, -hourMs] as const, random)]),
  },
]
