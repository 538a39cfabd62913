import type { EntityManager } from '@mikro-orm/postgresql'
import { type RecordOf, type Topic, topics } from '../schemas/topics.ts'
import { controlRecord } from './control.ts'
import { JobRow, LaneRow, type PlannedRecord, PublicationRow } from './entities.ts'
import { readControl } from './read-control.ts'
import type { Tenure } from './tenure.ts'

/*
 * How the coordinator writes to Kafka exactly once: the transaction is planned as a row together with the state it
 * follows from, sent with its id as the revision of the control records in it, and its row is deleted. They are sent
 * in the order of their ids, by the one holder of the transactional id. So after a crash `control`, read to its end
 * after fencing, tells: what is at or below its highest revision was committed, the rest was not.
 */

/** Plans to tell the stages of these lanes what now holds, and to send `more` in the same Kafka transaction. */
export const plan = async (tx: EntityManager, lanes: readonly LaneRow[], more: readonly PlannedRecord[] = []) => {
  const [next] = await tx.execute<{ id: string }[]>(`select nextval('control_revision') as id`)
  const id = Number(next!.id)
  const jobs = await tx.find(JobRow, { id: { $in: lanes.flatMap(lane => lane.jobId ?? []) } })
  for (const lane of lanes) lane.revision = id
  const controls = lanes.map(lane => controlRecord(lane, jobs.find(job => job.id === lane.jobId) ?? null))
  tx.create(PublicationRow, { id, records: [...controls, ...more] })
  await tx.flush()
}

/** Sends what is planned, in order. An error ends the tenure: whether a commit took effect is told by `settle`. */
export const publish = async ({ codec, transactor, transaction }: Tenure): Promise<void> => {
  for (;;) {
    const row = await transaction(tx => tx.findOne(PublicationRow, { id: { $gt: 0 } }, { orderBy: { id: 'asc' } }))
    if (!row) return
    const kafka = await transactor.begin()
    for (const { topic, lane, records } of byLane(row.records)) {
      const encoded = records.map(({ key, value }) => ({
        key,
        value: codec.encode(topic, value as RecordOf<Topic>),
      }))
      await kafka.send(topic.name, lane, encoded)
    }
    await kafka.commit()
    await transaction(tx => tx.nativeDelete(PublicationRow, { id: row.id }))
  }
}

const byLane = (records: readonly PlannedRecord[]) => {
  interface Group {
    readonly topic: Topic
    readonly lane: number
    readonly records: PlannedRecord[]
  }
  const groups = new Map<string, Group>()
  for (const record of records) {
    const topic = topics.find(({ name }) => name === record.topic)
    if (!topic) throw new Error(`A publication names the topic ${record.topic}, which is not on the map.`)
    const key = `${topic.name}/${record.lane}`
    const group: Group = groups.get(key) ?? { topic, lane: record.lane, records: [] }
    group.records.push(record)
    groups.set(key, group)
  }
  return groups.values()
}

/**
 * The first thing of a tenure: forgets the publications that `control` shows to be committed, and plans a new record
 * for each lane of which `control` says something else than the database does (a restored database, a lost topic).
 */
export const settle = async (tenure: Tenure): Promise<void> => {
  const told = await readControl(tenure)
  const highest = Math.max(0, ...[...told.values()].map(({ revision }) => revision))
  await tenure.transaction(async tx => {
    await tx.nativeDelete(PublicationRow, { id: { $lte: highest } })
    await tx.execute(`select setval('control_revision', greatest(last_value, ?)) from control_revision`, [
      Math.max(1, highest),
    ])
    const planned = await tx.find(PublicationRow, {})
    const waiting = new Set(planned.map(({ id }) => id))
    const lanes = await tx.find(LaneRow, {})
    const isTold = ({ lane, revision }: LaneRow) => revision === (told.get(lane)?.revision ?? 0)
    const differing = lanes.filter(lane => !isTold(lane) && !waiting.has(lane.revision))
    if (differing.length === 0) return
    tenure.log.warn({ lanes: differing.map(({ lane }) => lane) }, 'control differs from the database and is told anew')
    await plan(tx, differing)
  })
}
