import type { Pool, PoolClient } from 'pg'
import type { Claim, EffectReject, Effects } from '../runtime/effects.ts'
import { pastFrozen } from './frozen-transactions.ts'
import { inTransaction } from './transaction.ts'

/** Another worker has claimed the lane since: this one writes nothing any more. */
export class Fenced extends Error {
  override readonly name = 'Fenced'
  readonly code = 'fenced'
  constructor({ stage, lane, fence }: Claim) {
    super(`A later worker has taken over lane ${lane} of ${stage}; the claim ${fence} no longer counts.`)
  }
}

interface AppliedRow {
  /** bigint, as the driver gives it. */
  readonly next_offset: string
  readonly rejects: readonly EffectReject[]
}

export interface EffectsOptions<W> {
  readonly pool: Pool
  /** True for the embedded database, where no transaction waits for another. */
  readonly embedded: boolean
  /** Binds a writer to the transaction that moves the row. */
  writerOf(client: PoolClient): W
}

/** The applied rows in PostgreSQL. */
export const createEffects = <W>({ pool, embedded, writerOf }: EffectsOptions<W>): Effects<W> => ({
  async claim(job, stage, lane) {
    const add = (client: Pick<PoolClient, 'query'>) =>
      client.query<{ fence: string }>(
        `insert into applied (job_id, stage, lane) values ($1, $2, $3)
         on conflict (job_id, stage, lane) do update set fence = applied.fence + 1, updated_at = now()
         returning fence`,
        [job, stage, lane],
      )
    const { rows } = embedded ? await add(pool) : await pastFrozen(pool, add)
    return { job, stage, lane, fence: Number(rows[0]!.fence) }
  },

  apply(claim, first, next, work) {
    return inTransaction(pool, 'begin', async client => {
      const { job, stage, lane, fence } = claim
      // The lock makes a takeover wait for this transaction, and this transaction see a takeover.
      const { rows } = await client.query<AppliedRow>(
        `select next_offset, rejects from applied
         where job_id = $1 and stage = $2 and lane = $3 and fence = $4 for update`,
        [job, stage, lane, fence],
      )
      const applied = rows[0]
      if (!applied) throw new Fenced(claim)
      const from = Math.max(first, Number(applied.next_offset))
      // Kafka has committed up to `first`, so nothing below it can be asked for again.
      const kept = applied.rejects.filter(reject => reject.offset >= first)
      if (from >= next) return kept.filter(reject => reject.offset < next)

      const rejects = [...kept, ...(await work(writerOf(client), from))]
      await client.query(
        `update applied set next_offset = $4, rejects = $5, updated_at = now()
         where job_id = $1 and stage = $2 and lane = $3`,
        [job, stage, lane, next, JSON.stringify(rejects)],
      )
      return rejects
    })
  },
})
