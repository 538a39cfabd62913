import { setTimeout as delay } from 'node:timers/promises'
import type { Kind } from './kind.ts'
import { unknownOutcome } from './kinds-of-kafka.ts'
import { paused, resumed } from './pausing.ts'
import { pick } from './random.ts'
import type { Rig } from './rig.ts'
import { freeze, soon, withinMs } from './under.ts'

const order = (rig: Rig, point: 'slice.effected' | 'slice.ready', action: 'kill' | 'throw') => {
  const pids = rig.workers('tabulating').map(({ pid }) => pid)
  return rig.failpoints.order(pids, { point, stage: 'tabulating', action }, withinMs)
}

export const tableKinds: readonly Kind[] = [
  {
    name: 'kill of TABULATING',
    rows: [1, 2],
    on: 'table',
    threatens: 'rows of a table are lost or doubled',
    takesMs: 10_000,
    strike: (rig, _, random) => pick(rig.workers('tabulating'), random).replace(),
  },
  {
    name: 'kill of TABULATING at slice.effected',
    rows: [9],
    on: 'table',
    threatens: 'rows that are stored are taken for rows whose key was there before',
    takesMs: 10_000,
    async strike(rig) {
      const workers = rig.workers('tabulating')
      const pid = await order(rig, 'slice.effected', 'kill')
      await workers.find(worker => worker.pid === pid)!.revive()
    },
  },
  {
    name: 'error at slice.ready of TABULATING',
    rows: [3],
    on: 'table',
    threatens: 'rows are stored again with the transaction that comes after an aborted one',
    takesMs: 3_000,
    strike: async rig => void (await order(rig, 'slice.ready', 'throw')),
  },
  {
    name: 'kill of LOADING in the middle of a file of rows',
    rows: [1, 2],
    on: 'table',
    threatens: 'rows of a bite are sent twice, or the next one begins behind rows that were not',
    takesMs: 10_000,
    strike: rig => rig.penstock.worker('loading').replace(),
  },
  {
    name: 'TABULATING frozen past its session',
    rows: [8],
    on: 'table',
    threatens: 'it writes rows that are another’s by then',
    takesMs: 12_000,
    strike: (rig, _, random) => freeze(pick(rig.workers('tabulating'), random)),
  },
  {
    name: 'tables through a PostgreSQL restart',
    rows: [27],
    on: 'table',
    threatens: 'a load is left half written, or beside the table',
    takesMs: 15_000,
    async strike({ postgres }, _, random) {
      await postgres.end(pick(['fast', 'kill'] as const, random))
      await delay(2_000)
      await postgres.revive()
    },
  },
  {
    name: 'answer to a COMMIT of TABULATING lost',
    rows: [10],
    on: 'table',
    threatens: unknownOutcome,
    takesMs: 6_000,
    async strike({ store }) {
      const { promise, resolve } = Promise.withResolvers<void>()
      let left = 1
      store.lose = (bytes, hello) => {
        const isCommit = hello.includes('test.worker=tabulating') && /commit/i.test(bytes.toString('latin1'))
        if (left === 0 || !isCommit) return false
        left--
        resolve()
        return true
      }
      await soon('a COMMIT of TABULATING', promise).finally(() => {
        store.lose = null
      })
    },
  },
  {
    name: 'pause of a table, kill of TABULATING, resume',
    rows: [14],
    on: 'table',
    threatens: 'whoever comes next does not see the pause',
    takesMs: 12_000,
    async strike(rig, target, random) {
      const slices = await paused(rig, target)
      await pick(rig.workers('tabulating'), random).replace()
      await resumed(rig, target, slices)
    },
  },
]
