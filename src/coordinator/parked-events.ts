import type { EntityManager } from '@mikro-orm/postgresql'
import { type Parking, type Room, sizeOf } from '../intake/parking.ts'
import type { BrokerRecord } from '../kafka/broker.ts'
import { eventsSource } from '../schemas/identity.ts'
import { storable } from '../schemas/storable.ts'
import { traceHeaders } from '../schemas/trace-context.ts'
import { type AdmissionOptions, submit } from './admission.ts'
import { JobRow } from './entities.ts'
import { IntakePartitionRow, ParkedEventRow } from './intake-entities.ts'
import type { CoordinatorDoor } from './tenure.ts'

export interface ParkingOptions extends AdmissionOptions, Pick<CoordinatorDoor, 'readRequest'> {
  /** What may be parked of a knowledge base. */
  readonly most: Room
  /** Told of a stream that cannot be started, and why. */
  refused(kbId: string, message: string): void
}

/** Rows that go to their lanes in one transaction, at most. */
const rowsAtOnce = 500
const bytesAtOnce = 4 * 1024 * 1024

/** Another process has taken the partition over. */
class ClaimLost extends Error {
  override readonly name = 'ClaimLost'
  readonly code = 'claim_lost'
}

/** The parking of the database. */
export const createParking = (options: ParkingOptions): Parking => ({
  async claim(partition) {
    const [row] = await options.em.fork().execute<{ fence: string }[]>(
      `insert into intake_partition (partition, fence) values (?, 1)
       on conflict (partition) do update set fence = intake_partition.fence + 1, held_kb = null, held_since = null,
         message = null
       returning fence`,
      [partition],
    )
    return Number(row!.fence)
  },

  goOn: (partition, fence, position) =>
    options.em.fork().transactional(async tx => {
      await assertClaimed(tx, partition, fence)
      await tx.nativeDelete(ParkedEventRow, { partition, position: { $gte: position } })
      const kbs = await tx.execute<{ kb_id: string }[]>('select distinct kb_id from parked_event where partition = ?', [
        partition,
      ])
      return new Set(kbs.map(({ kb_id }) => kb_id))
    }),

  async ask(kbIds) {
    const rooms = new Map<string, Room>()
    for (const kbId of kbIds) if (await exists(options, kbId)) rooms.set(kbId, await roomOf(options, kbId))
    return rooms
  },

  park: (partition, fence, records) =>
    options.em.fork().transactional(async tx => {
      await assertClaimed(tx, partition, fence)
      const rows = records.map(({ kbId, record }) => ({
        partition,
        position: record.offset,
        kbId,
        key: storable(record.key),
        value: record.value,
        headers: storableHeaders(record.headers),
        at: record.timestamp,
        bytes: sizeOf(record),
      }))
      await tx.insertMany(ParkedEventRow, rows)
    }),

  async oldest(partition, kbId) {
    const rows = await options.em.fork().execute<StoredEvent[]>(
      `select position, key, value, headers, at from (
         select *, sum(bytes) over (order by position) - bytes as before from parked_event
         where partition = ? and kb_id = ? order by position limit ?) p
       where before < ? order by position`,
      [partition, kbId, rowsAtOnce, bytesAtOnce],
    )
    return rows.map(({ position, key, value, headers, at }) => ({
      offset: Number(position),
      key,
      value,
      headers,
      timestamp: Number(at),
    }))
  },

  async forget(partition, kbId, before) {
    await options.em.fork().nativeDelete(ParkedEventRow, { partition, kbId, position: { $lt: before } })
  },

  async hold(partition, hold) {
    const row = { heldKb: hold?.kbId ?? null, heldSince: hold ? new Date() : null, message: hold?.message ?? null }
    await options.em.fork().nativeUpdate(IntakePartitionRow, { partition }, row)
  },
})

/** Holds the row until the transaction ends, so that nobody claims the partition meanwhile. */
const assertClaimed = async (tx: EntityManager, partition: number, fence: number): Promise<void> => {
  const claimed = await tx.nativeUpdate(IntakePartitionRow, { partition, fence }, { fence })
  if (claimed === 0) throw new ClaimLost(`Partition ${partition} is another process's by now.`)
}

/** Those that are looked at later; others may be bytes that are no text. */
const storableHeaders = (headers: BrokerRecord['headers']): BrokerRecord['headers'] =>
  Object.fromEntries(
    ['kb_id', ...traceHeaders].flatMap(name => {
      const value = headers[name]
      return value === undefined ? [] : [[name, storable(value)]]
    }),
  )

type StoredEvent = Omit<BrokerRecord, 'offset' | 'timestamp'> & { readonly position: string; readonly at: string }

/** Whether there is such a knowledge base; its first event starts its stream. What was stopped, its users start again. */
const exists = async (options: ParkingOptions, kbId: string): Promise<boolean> => {
  const em: EntityManager = options.em.fork()
  if ((await options.knowledgeBases.get(em, kbId)) === null) return false
  if (await options.knowledgeBases.isDeleting(em, kbId)) return false
  if ((await em.count(JobRow, { kbId, kind: 'stream' })) > 0) return true
  const request = await options.readRequest(kbId, JSON.stringify(firstStream))
  if ('refused' in request) options.refused(kbId, request.refused.message)
  else {
    const admission = await submit(options, request)
    if (admission.outcome === 'settings_conflict') options.refused(kbId, admission.message)
  }
  return true
}

/** One lane: there may be many knowledge bases with a trickle each. A start by hand may ask for more. */
const firstStream = { sources: [{ type: eventsSource }], parallelism: 1 }

const roomOf = async ({ em, most }: ParkingOptions, kbId: string): Promise<Room> => {
  const [taken] = await em
    .fork()
    .execute<{ records: string; bytes: string }[]>(
      'select count(*) as records, coalesce(sum(bytes), 0) as bytes from parked_event where kb_id = ?',
      [kbId],
    )
  return { records: most.records - Number(taken!.records), bytes: most.bytes - Number(taken!.bytes) }
}
