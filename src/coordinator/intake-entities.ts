import { defineEntity, p } from '@mikro-orm/core'

/** An upstream record that waits for its stream to have a lane, as it came. Its place upstream is its key. */
export const ParkedEventRow = defineEntity({
  name: 'ParkedEventRow',
  tableName: 'parked_event',
  properties: {
    partition: p.integer().primary(),
    /** Its offset there. */
    position: p.bigint('number').primary(),
    kbId: p.text(),
    key: p.text(),
    value: p.blob(),
    headers: p.json<Readonly<Record<string, string>>>(),
    /** When it was written, ms of the Unix epoch. */
    at: p.bigint('number'),
    /** What it takes of the room of its knowledge base. */
    bytes: p.integer(),
  },
})

/** A partition of `upstream.documents`: who may park records of it, and why it stands, if it does. */
export const IntakePartitionRow = defineEntity({
  name: 'IntakePartitionRow',
  tableName: 'intake_partition',
  properties: {
    partition: p.integer().primary(),
    /** Grows with every takeover; whoever has an older one parks nothing more. */
    fence: p.bigint('number'),
    heldKb: p.text().nullable(),
    heldSince: p.datetime().nullable(),
    message: p.text().nullable(),
  },
})
