import type { EntityManager } from '@mikro-orm/postgresql'

/** The database belongs to another Kafka cluster: its offsets mean nothing here. */
export class OtherCluster extends Error {
  override readonly name = 'OtherCluster'
  readonly code = 'other_cluster'
  constructor(known: string, found: string) {
    super(
      `This database was used with the Kafka cluster ${known}, and the broker is of cluster ${found}. ` +
        'Point KAFKA_BROKERS at the first, or DATABASE_URL at an empty database; ' +
        '`penstock recover` gives a database that was restored from a backup to an empty Kafka.',
    )
  }
}

/** Remembers the cluster at first, and refuses another from then on: the offsets in the database are those of one. */
export const claimCluster = async (em: EntityManager, id: string): Promise<void> => {
  const fork = em.fork()
  await fork.execute('insert into cluster (id) values (?) on conflict do nothing', [id])
  const [row] = await fork.execute<{ id: string }[]>('select id from cluster')
  if (row?.id !== id) throw new OtherCluster(row?.id ?? 'none', id)
}
