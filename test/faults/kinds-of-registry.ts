import { setTimeout as delay } from 'node:timers/promises'
import { documents } from '../../src/schemas/topics.ts'
import { until } from '../kit/until.ts'
import type { Kind } from './kind.ts'
import { NotStruck } from './not-struck.ts'

/** Not in the wire format; of a schema that the registry does not have; cut off behind the id of one that it has. */
const unreadable = [
  Buffer.from('no record'),
  Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 2, 4]),
  Buffer.from([0, 0, 0, 0, 1]),
]

export const registryKinds: readonly Kind[] = [
  {
    name: 'the registry killed and started again',
    rows: [29],
    threatens: 'work whose schemas are known waits for it',
    takesMs: 15_000,
    async strike({ penstock }, { job }) {
      const { registry, ledger } = penstock
      await registry.kill()
      try {
        const slices = ledger.of(job).length
        await until('work goes on without the registry', () => ledger.of(job).length > slices + 3, 20_000)
      } finally {
        await registry.revive()
      }
    },
  },
  {
    name: 'a worker killed while the registry is away',
    rows: [29],
    threatens: 'it does not come up again',
    takesMs: 20_000,
    async strike({ penstock }) {
      const { registry } = penstock
      await registry.kill()
      const replaced = penstock.worker('embedding').replace()
      try {
        await delay(3_000)
      } finally {
        await registry.revive()
      }
      await replaced
    },
  },
  {
    name: 'records that nobody can read',
    rows: [29, 30],
    threatens: 'one of them stops its lane',
    takesMs: 8_000,
    async strike({ penstock }, { job, tell }) {
      const { broker, ledger, witness } = penstock
      await witness.slow('loading', 2)
      const { lane } = await until('a slice of CHUNKING', () => ledger.of(job, 'chunking')[0], 20_000)
      const transactor = await broker.fence('unreadable')
      const transaction = await transactor.begin()
      await transaction.send(
        documents.name,
        lane,
        unreadable.map(value => ({ key: 'k', value })),
      )
      await transaction.commit()
      await transactor.close()
      await ledger.caughtUp()
      if (ledger.endMarks(job, 'loading') > 0) throw new NotStruck('LOADING had ended')
      tell({ expected: { rejected: unreadable.length } })
    },
  },
]
