import type { EntityManager } from '@mikro-orm/postgresql'

/** Another coordinator has taken the lease: whatever this one was doing did not happen. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  readonly code = 'lease_lost'
  constructor() {
    super('Another coordinator has taken over; this one stops and stands by.')
  }
}

/**
 * Who is the active coordinator: one row with an epoch that grows with every change of hands and a time, by the
 * clock of the database, until which nobody else may take it.
 */
export interface Lease {
  /** The new epoch, or null while another holds it. */
  acquire(): Promise<number | null>
  /** Throws LeaseLost when the epoch has passed. */
  renew(epoch: number): Promise<void>
  /** Remembers for the status page what keeps the coordinator from its work; null when nothing does. */
  note(epoch: number, trouble: string | null): Promise<void>
  /** Lets a standby take over at once. */
  release(epoch: number): Promise<void>
}

export const createLease = (em: EntityManager, holder: string, leaseMs: number): Lease => {
  const change = async (sql: string, params: readonly unknown[]): Promise<number | null> => {
    const rows = await em.fork().execute<{ epoch: string }[]>(sql, [...params])
    return rows[0] ? Number(rows[0].epoch) : null
  }
  // The row is locked first: a time taken before the wait for another's lock would be over when it is written.
  const locked = (condition: string) => `with mine as materialized
      (select name from lease where name = 'coordinator' and ${condition} for update)`
  const until = `until = clock_timestamp() + ? * interval '1 millisecond'`
  return {
    acquire: () =>
      change(
        `${locked('until < clock_timestamp()')} update lease set epoch = epoch + 1, holder = ?, trouble = null, ${until}
         from mine where lease.name = mine.name returning epoch`,
        [holder, leaseMs],
      ),
    async renew(epoch) {
      const sql = `${locked('epoch = ?')} update lease set ${until} from mine where lease.name = mine.name returning epoch`
      if ((await change(sql, [epoch, leaseMs])) === null) throw new LeaseLost()
    },
    async note(epoch, trouble) {
      await change(`update lease set trouble = ? where name = 'coordinator' and epoch = ? returning epoch`, [
        trouble,
        epoch,
      ])
    },
    async release(epoch) {
      await change(`update lease set until = '-infinity' where name = 'coordinator' and epoch = ? returning epoch`, [
        epoch,
      ])
    },
  }
}

/**
 * Runs one transaction of the coordinator that holds `epoch`. It locks the lease first, so that no other can take
 * over before it has ended, and so that revisions are given out in the order in which they are committed.
 */
export const asHolder = <T>(
  em: EntityManager,
  epoch: number,
  work: (tx: EntityManager, now: Date) => Promise<T>,
): Promise<T> =>
  em.fork().transactional(async tx => {
    const [row] = await tx.execute<{ epoch: string; now: Date }[]>(
      `select epoch, now() as now from lease where name = 'coordinator' for update`,
    )
    if (Number(row?.epoch) !== epoch) throw new LeaseLost()
    return work(tx, new Date(row!.now))
  })
