import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from './kinds.ts'
import { play } from './play.ts'
import { openRig } from './rig.ts'
import { schedule } from './schedule.ts'

/** A few of each sort, none of which takes long; `npm run faults` has all. */
const chosen = [
  'kill at slice.taken',
  'kill when all is sent and nothing committed',
  'kill at slice.effected',
  'error at slice.ready',
  'error at slice.committed',
  'kill of the coordinator',
  'pause, rebalance, resume',
  'pause while a slice is about to commit',
  'answer to a commit lost with its connection',
  'answer to a produce lost with its connection',
  'requests twice on the wire',
  'answer to a COMMIT of PostgreSQL lost',
  'all connections to PostgreSQL cut',
  'provider gives NaN',
]
const plan = schedule(
  kinds.filter(({ name }) => chosen.includes(name)),
  chosen.length,
  1,
)

let rig: Awaited<ReturnType<typeof openRig>>
beforeAll(async () => {
  rig = await openRig()
})
afterAll(() => rig?.close())

test.each(plan.map((one, i) => ({ ...one, i, name: one.kind.name })))(
  'a job is whole in spite of: $name',
  { timeout: 120_000 },
  async ({ i, ...one }) => {
    const { outcome, error } = await play(rig, one, `struck-${i}`)
    expect({ outcome, error }).toEqual({ outcome: 'held', error: null })
  },
)
