import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../kit/until.ts'
import type { Kind, Target } from './kind.ts'
import type { Rig } from './rig.ts'

const statusOf = async ({ penstock }: Rig, { job }: Target) => {
  const { status, error, waiting_for } = await penstock.client.job({ params: { job_id: job } })
  assert.deepEqual([status, error], ['running', null], 'a job without space')
  return waiting_for
}

export const diskKinds: readonly Kind[] = [
  {
    name: 'disk full under Kafka',
    rows: [28],
    setting: 'small disks',
    threatens: 'what was half written is taken for whole, or the job fails',
    takesMs: 45_000,
    async strike(rig, target) {
      const { kafka } = rig.disks
      rig.provider.latencyMs = 600
      kafka.fill()
      try {
        // It does not go on without its log.
        const how = await Promise.race([rig.kafka.outcome, delay(60_000, null, { ref: false })])
        const why = await until('a reason for the wait', () => statusOf(rig, target), 30_000)
        target.tell({ note: `Kafka ${how === null ? 'stayed up' : `ended with ${how}`}; waiting for ${why}` })
        if (how === null) await rig.kafka.kill()
      } finally {
        kafka.free()
        await rig.kafka.revive()
      }
    },
  },
  {
    name: 'disk full under the tables',
    rows: [28],
    setting: 'small disks',
    threatens: 'a wait is taken for a failure',
    takesMs: 25_000,
    async strike(rig, target) {
      const { store } = rig.disks
      store.fill()
      try {
        const full = async () => {
          const why = await statusOf(rig, target)
          return why?.includes('No space left') ? why : null
        }
        target.tell({ note: `waiting for ${await until('a status that says so', full, 60_000)}` })
        await delay(5_000)
        await statusOf(rig, target)
      } finally {
        store.free()
      }
    },
  },
]
