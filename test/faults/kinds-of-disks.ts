import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { execute } from '../kit/postgres.ts'
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
  {
    name: "disk full under PostgreSQL's log",
    rows: [28],
    setting: 'small disks',
    threatens: 'what was acknowledged is not there when the database is back',
    takesMs: 30_000,
    async strike({ postgres, disks: { wal }, provider }, target) {
      provider.latencyMs = 600
      const ended = postgres.outcome
      wal.fill()
      try {
        // It makes room for its log in steps, so each of them is asked for.
        const how = await until('the end of PostgreSQL', () => Promise.race([ended, full(postgres.url)]), 60_000)
        target.tell({ note: `PostgreSQL ended with ${how}` })
        await delay(3_000)
      } finally {
        wal.free()
        await postgres.revive()
      }
    },
  },
]

/** Has PostgreSQL begin another file of its log; null, whatever became of that. */
const full = (url: string): Promise<null> =>
  execute(url, 'select pg_logical_emit_message(false, $$rig$$, repeat($$x$$, 100000)), pg_switch_wal()').then(
    () => null,
    () => null,
  )
