import type { PoolClient } from 'pg'
import { runOf } from '../schemas/identity.ts'

/** The jobs of a knowledge base that may still write to it, or that somebody will tell to go on. */
export interface Owners {
  /** Their run numbers: the high part of the versions that are theirs. */
  readonly runs: ReadonlySet<number>
}

/**
 * SQL that is true for a job `j` which may write, or may be told to: it is unfinished, it has failed and was not given
 * up, or its lanes are not free yet.
 */
export const mayWrite = `(j.status in ('pending', 'running', 'paused') or (j.status = 'failed' and j.closed_at is null)
  or exists (select from lane l where l.job_id = j.id))`

export const ownersOf = async (client: Pick<PoolClient, 'query'>, kbId: string): Promise<Owners> => {
  const { rows } = await client.query<{ run: string }>(`select j.run from job j where j.kb_id = $1 and ${mayWrite}`, [
    kbId,
  ])
  return { runs: new Set(rows.map(({ run }) => Number(run))) }
}

/**
 * No reader sees it, and no job owns it, nor will see to it: what is of an earlier run than a job under way is replaced
 * and pruned by that job, for the most part, and is looked at when it has ended.
 */
export const isLeftOver = (version: number, active: number | null, { runs }: Owners): boolean =>
  version !== active && [...runs].every(run => run < runOf(version))
