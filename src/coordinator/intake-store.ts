import type { EntityManager } from '@mikro-orm/postgresql'
import type { Broker } from '../kafka/broker.ts'
import { intake, intakeLetters } from '../schemas/names.ts'
import { upstreamDocuments } from '../schemas/topics.ts'
import { IntakePartitionRow } from './intake-entities.ts'
import type { IntakeStatus, PartitionBody } from './intake-status.ts'
import { lettersOf } from './open-letters.ts'

export interface IntakeStatusOptions {
  readonly em: EntityManager
  /** Whose dead letters are counted; those of all, unless given. */
  readonly tenant?: string
  readonly broker: Pick<Broker, 'range' | 'committed'>
  /** Partitions of `upstream.documents`. */
  readonly partitions: number
}

/** How far INTAKE is, by Kafka and the database. */
export const intakeStatus = async ({ em, tenant, broker, partitions }: IntakeStatusOptions): Promise<IntakeStatus> => {
  const fork = em.fork()
  const held = await fork.find(IntakePartitionRow, {})
  const count = Math.max(partitions, ...held.map(({ partition }) => partition + 1))
  const parked = await fork.execute<{ kb_id: string; events: string; bytes: string; oldest: string }[]>(
    `select kb_id, count(*) as events, sum(bytes) as bytes, min(at) as oldest from parked_event
     group by kb_id order by kb_id`,
  )
  const theirs = lettersOf(tenant ?? null)
  const [open] = await fork.execute<{ letters: string }[]>(
    `select count(*) as letters from dead_letter l where l.job_id = ? and l.discarded_at is null and ${theirs.sql}`,
    [intakeLetters, ...theirs.values],
  )
  const body = async (partition: number): Promise<PartitionBody> => {
    const committed = await broker.committed(intake, upstreamDocuments.name, partition)
    const { start, end } = await broker.range(upstreamDocuments.name, partition)
    const row = held.find(one => one.partition === partition)
    return {
      partition,
      unread: Math.max(0, end - Math.max(start, committed ?? 0)),
      held:
        row?.heldKb && row.heldSince
          ? { kb_id: row.heldKb, since: iso(row.heldSince), message: row.message ?? '' }
          : null,
    }
  }
  return {
    partitions: await Promise.all(Array.from({ length: count }, (_, partition) => body(partition))),
    parked: parked.map(({ kb_id, events, bytes, oldest }) => ({
      kb_id,
      events: Number(events),
      bytes: Number(bytes),
      oldest: iso(new Date(Number(oldest))),
    })),
    dead_letters: Number(open!.letters),
  }
}

const iso = (at: Date): string => at.toISOString()
