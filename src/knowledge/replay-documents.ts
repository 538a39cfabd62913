import type { Pool } from 'pg'

interface Content {
  readonly title: string
  readonly media_type: string
  readonly metadata: Readonly<Record<string, string>>
  readonly text: string
}

interface Entry {
  readonly number: number
  readonly uri: string
  readonly edited: Content | null
  readonly stored: Content | null
}

/** What a replay is to load, as its admission listed it. */
export const replayDocuments = (pool: Pool) => ({
  async count(jobId: string, sourceIndex: number): Promise<number> {
    const { rows } = await pool.query<{ count: string }>(
      'select count(*) from replay_document where job_id = $1 and source_index = $2',
      [jobId, sourceIndex],
    )
    return Number(rows[0]!.count)
  },
  async take(jobId: string, sourceIndex: number, from: number, limit: number): Promise<readonly Entry[]> {
    const { rows } = await pool.query<Entry>(
      `select number, uri, edited, stored from replay_document
       where job_id = $1 and source_index = $2 and number >= $3 order by number limit $4`,
      [jobId, sourceIndex, from, limit],
    )
    return rows
  },
})
