import type { Pool } from 'pg'
import { versionOf } from '../schemas/identity.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import { buildIndexes, type FinishOptions } from './chunk-indexes.ts'
import { chunkTable } from './chunk-table.ts'
import type { FinishStep } from './knowledge-base.ts'
import { type StoredBase, storedBase } from './settings.ts'
import { keptBySweep, type SweepOptions, sweepUnseen } from './sweeping.ts'
import { dropLoads, flipTables } from './table-flips.ts'
import { inTransaction } from './transaction.ts'
import { type DocumentVersion, dropVersions } from './versions.ts'

/** Versions that one transaction removes: short, so that a pause need not wait and readers are not disturbed. */
const batch = 200

/** One finishing step; each may be repeated, and stops between its transactions when the signal aborts. */
export const finish = async (
  options: FinishOptions & SweepOptions,
  job: LaneJob,
  step: FinishStep,
  signal: AbortSignal,
): Promise<string> => {
  const kb = await storedBase(options.pool, job.kb_id)
  // After a first load the planner knows nothing of these yet, and would compare each with each.
  await options.pool.query('analyze document, document_version')
  switch (step) {
    case 'flip_tables':
      return flipTables(options, kb, job, signal)
    case 'drop_unflipped': {
      // Those of this run that are newer than what is active, or that have nothing active beside them.
      const dropped = await dropAll(options.pool, kb, signal, {
        condition: 'v.version >= $3 and v.version < $4 and (d.active_version is null or d.active_version < v.version)',
        values: [versionOf(job.run, 0), versionOf(job.run + 1, 0)],
      })
      await dropLoads(options.pool, kb, signal, { condition: 'l.run = $2', values: [job.run] })
      return dropped === 0 ? 'Every version is complete.' : `Dropped ${dropped} versions that were not complete.`
    }
    case 'sweep_unseen':
      return job.kind === 'run' ? sweepUnseen(options, job, signal) : 'Only a run sweeps.'
    case 'prune_versions': {
      const dropped = await dropAll(options.pool, kb, signal, { condition: 'v.version < d.active_version', values: [] })
      signal.throwIfAborted()
      // A replay has seen no source, and the run before it may still be listing one.
      if (job.kind === 'run')
        for (const table of ['seen', 'source_listing'])
          await options.pool.query(`delete from ${table} where kb_id = $1 and run < $2`, [kb.id, job.run])
      // Nor may it drop what a run beside it still loads: those before that one cannot go on.
      if (job.kind === 'run') await dropLoads(options.pool, kb, signal, { condition: 'l.run < $2', values: [job.run] })
      signal.throwIfAborted()
      // A server does this by itself.
      if (options.embedded && dropped > 0) await options.pool.query(`vacuum ${chunkTable(kb.number)}`)
      return dropped === 0 ? 'There was no old version.' : `Removed ${dropped} old versions.`
    }
    case 'build_index':
      // The last message of a job is the one that stays with it.
      return [...(await keptBySweep(options.pool, job)), await buildIndexes(options, kb, signal)].join(' ')
  }
}

/** Drops what the condition names, batch by batch; returns how many versions. */
const dropAll = async (
  pool: Pool,
  kb: StoredBase,
  signal: AbortSignal,
  { condition, values }: { readonly condition: string; readonly values: readonly number[] },
): Promise<number> => {
  for (let dropped = 0; ; ) {
    signal.throwIfAborted()
    const found = await inTransaction(pool, 'begin', async client => {
      const { rows } = await client.query<{ document_id: string; version: string }>(
        `select v.document_id, v.version from document_version v
         left join document d on d.kb_id = v.kb_id and d.document_id = v.document_id
         where v.kb_id = $1 and ${condition} order by v.document_id, v.version limit $2`,
        [kb.id, batch, ...values],
      )
      const versions = rows.map(
        (row): DocumentVersion => ({
          documentId: row.document_id,
          version: Number(row.version),
        }),
      )
      await dropVersions(client, kb, versions)
      return versions.length
    })
    dropped += found
    if (found < batch) return dropped
  }
}
