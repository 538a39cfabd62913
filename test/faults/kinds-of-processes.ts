import { setTimeout as delay } from 'node:timers/promises'
import type { Role } from '../../src/roles.ts'
import { until } from '../kit/until.ts'
import { api } from './kafka-proxy.ts'
import type { Kind } from './kind.ts'
import { params, paused, resumed } from './pausing.ts'
import { pick } from './random.ts'
import type { Rig } from './rig.ts'
import { freeze, withinMs } from './under.ts'

const working = ['loading', 'chunking', 'embedding', 'indexing'] as const satisfies readonly Role[]
/** Something that happens to a paused job, which is none of its business. */
const duringPause = (
  name: string,
  threatens: string,
  happen: (rig: Rig, random: () => number) => Promise<unknown>,
): Kind => ({
  name,
  rows: [14],
  threatens,
  takesMs: 12_000,
  async strike(rig, target, random) {
    const slices = await paused(rig, target)
    await happen(rig, random)
    await resumed(rig, target, slices)
  },
})

export const processKinds: readonly Kind[] = [
  {
    name: 'kill of a worker',
    rows: [1, 2],
    threatens: 'what it had in hand is lost',
    takesMs: 10_000,
    strike: (rig, _, random) => pick(rig.workers(pick(working, random)), random).replace(),
  },
  {
    name: 'kill of the coordinator',
    rows: [32],
    threatens: 'progress is counted twice or never, a load request is sent twice',
    takesMs: 6_000,
    strike: rig => rig.penstock.worker('coordinator').replace(),
  },
  {
    name: 'kill of the API',
    rows: [16],
    threatens: 'an accepted request is lost',
    takesMs: 4_000,
    strike: rig => rig.penstock.worker('api').replace(),
  },
  {
    name: 'worker frozen past its session',
    rows: [8],
    threatens: 'it writes what is another’s by then',
    takesMs: 12_000,
    strike: (rig, _, random) => freeze(pick(rig.workers(pick(['embedding', 'indexing'] as const, random)), random)),
  },
  {
    name: 'coordinator frozen past its lease',
    rows: [32],
    threatens: 'a stale coordinator writes',
    takesMs: 12_000,
    strike: rig => freeze(rig.penstock.worker('coordinator')),
  },
  {
    name: 'worker ended and started as by an operator',
    rows: [19],
    threatens: 'a clean end leaves something behind',
    takesMs: 8_000,
    async strike(rig, _, random) {
      const { outcome } = await pick(rig.workers(pick(working, random)), random).restart()
      if (outcome !== 'code 0') throw new Error(`a role ended with ${outcome}`)
    },
  },
  {
    name: 'pause and resume',
    rows: [13],
    threatens: 'a slice is committed after PAUSED',
    takesMs: 5_000,
    async strike(rig, target, random) {
      const slices = await paused(rig, target)
      await delay(random() * 500)
      await resumed(rig, target, slices)
    },
  },
  {
    name: 'pause while a slice is about to commit',
    rows: [13],
    threatens: 'it commits after PAUSED',
    takesMs: 12_000,
    async strike(rig, target, random) {
      const stage = pick(['chunking', 'embedding', 'indexing'] as const, random)
      const order = { point: 'slice.ready', stage, action: 'sleep', ms: 3_000 } as const
      await rig.failpoints.order(
        rig.workers(stage).map(({ pid }) => pid),
        order,
        withinMs,
      )
      const slices = await paused(rig, target)
      await delay(3_000)
      await resumed(rig, target, slices)
    },
  },
  duringPause('pause, kill of an owner, resume', 'whoever comes next does not see the pause', (rig, random) =>
    pick(rig.workers(pick(working, random)), random).replace(),
  ),
  duringPause('pause, rebalance, resume', 'a lane that is given to another is not paused there', (rig, random) =>
    pick(rig.workers(pick(['embedding', 'indexing'] as const, random)), random).restart(),
  ),
  {
    name: 'all stages away, then back',
    rows: [19],
    threatens: 'records that nobody worked are skipped',
    takesMs: 18_000,
    async strike({ penstock }, _, random) {
      const role = pick(working, random)
      await penstock.stop(role)
      await delay(1_000)
      await penstock.serve(role)
    },
  },
  {
    name: 'pause and resume raced by eight clients',
    rows: [16],
    threatens: 'a hold is forgotten, or kept for good',
    takesMs: 8_000,
    async strike(rig, target, random) {
      const { client } = rig.penstock
      const ask = async () => {
        for (let i = 0; i < 6; i++) {
          const verb = pick(['pause', 'resume'] as const, random)
          await client[verb](params(target)).catch(error => {
            if (error.status !== 409) throw error
          })
        }
      }
      await Promise.all(Array.from({ length: 8 }, ask))
      await client.resume(params(target)).catch(error => {
        if (error.status !== 409) throw error
      })
      await until('the last word', async () => {
        const { status, pause } = await client.job({ params: { job_id: target.job } })
        return status !== 'paused' && pause === null
      })
    },
  },
  {
    name: 'two coordinators started at once, and the active one killed',
    rows: [32],
    threatens: 'both write, or neither',
    takesMs: 20_000,
    async strike({ penstock }, { tell }) {
      await penstock.stop('coordinator')
      const [other] = await Promise.all([penstock.employ('coordinator'), penstock.serve('coordinator')])
      const active = await until('an active coordinator', () => penstock.activeCoordinator(), 30_000)
      const killed = performance.now()
      const replaced = active.replace()
      await until(
        'another one that is active',
        async () => {
          const now = await penstock.activeCoordinator()
          return now !== null && (now !== active || performance.now() - killed > 10_000)
        },
        30_000,
      )
      tell({ note: `taken over after ${((performance.now() - killed) / 1000).toFixed(1)} s` })
      await replaced
      await penstock.dismiss(other)
    },
  },
  {
    name: 'workers of EMBEDDING from one to three and back',
    rows: [19],
    threatens: 'a slice of a lane that moves is lost or doubled',
    takesMs: 20_000,
    async strike(rig, { tell }) {
      const { penstock, provider } = rig
      provider.latencyMs = 600
      const generations = new Set<number>()
      rig.rule(({ direction, api: key, client, bytes }) => {
        const joined = direction === 'response' && key === api.joinGroup && bytes.readInt16BE(12) === 0
        if (joined && rig.workers('embedding').some(worker => rig.isOf(worker, client)))
          generations.add(bytes.readInt32BE(14))
        return 'pass'
      })
      const [, second] = rig.workers('embedding')
      await penstock.dismiss(second!)
      const hired = [await penstock.employ('embedding'), await penstock.employ('embedding')]
      await delay(1_000)
      for (const worker of hired) await penstock.dismiss(worker)
      await penstock.employ('embedding')
      tell({ note: `${generations.size} rebalances for 6 changes of the workers` })
    },
  },
]
