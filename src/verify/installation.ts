import type { Pool } from 'pg'
import type { Broker } from '../kafka/broker.ts'
import { inTransaction, snapshot } from '../knowledge/transaction.ts'
import { topics } from '../schemas/topics.ts'
import type { Findings } from './findings.ts'

/** Tables of chunks that no knowledge base has. */
export const checkTables = (pool: Pool, findings: Findings): Promise<void> =>
  inTransaction(pool, snapshot, async client => {
    const { rows } = await client.query<{ name: string }>(
      `select c.relname as name from pg_class c
       where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname ~ '^chunks_[0-9]+$'
         and not exists (select from knowledge_base kb where c.relname = 'chunks_' || kb.number) order by name`,
    )
    for (const { name } of rows)
      findings.add('table_orphan', {
        expected: 'a knowledge base with this table',
        found: name,
        message: `The table ${name} is of no knowledge base.`,
      })
  })

/**
 * Compares what the coordinator remembers of Kafka with Kafka: the cluster, and how far it has read each topic. A start
 * is read before what was saved, an end after it: all of them only grow.
 */
export const checkPositions = async (
  pool: Pool,
  broker: Pick<Broker, 'range' | 'clusterId'>,
  findings: Findings,
): Promise<void> => {
  const found = await broker.clusterId()
  const { rows: clusters } = await pool.query<{ id: string }>('select id from cluster')
  const known = clusters[0]?.id ?? found
  if (known !== found)
    findings.add('other_cluster', {
      expected: `cluster ${known}`,
      found: `cluster ${found}`,
      message: `This database was used with the Kafka cluster ${known}, and the broker is of ${found}.`,
    })
  const saved = async () => {
    const { rows } = await pool.query<{ topic: string; lane: number; next: string }>(
      'select topic, lane, next from followed order by topic, lane',
    )
    return rows.map(row => ({ ...row, next: Number(row.next) }))
  }
  const starts = new Map<string, number>()
  for (const { topic, lane } of await saved()) starts.set(`${topic}/${lane}`, (await broker.range(topic, lane)).start)
  for (const { topic, lane, next } of await saved()) {
    const start = starts.get(`${topic}/${lane}`)
    const { end } = await broker.range(topic, lane)
    if (start === undefined || (next <= end && (next >= start || expires(topic)))) continue
    findings.add('position_lost', {
      where: { lane },
      expected: `an offset from ${start} to ${end}`,
      found: next,
      message: `The coordinator has read ${topic} lane ${lane} up to ${next}; the log has ${start} to ${end}.`,
    })
  }
}

/** What goes by its age may be gone before it was read, as documented. */
const expires = (topic: string): boolean => topics.some(one => one.name === topic && one.retentionMs >= 0)
