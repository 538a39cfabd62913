import type { EntityManager } from '@mikro-orm/postgresql'
import type { Broker } from '../kafka/broker.ts'
import { LaneRow } from './entities.ts'
import { phases } from './phases.ts'

/** The lanes a job gets: as many as it asks for, fewer where few are free; null where none is. */
export const chooseLanes = (free: readonly number[], parallelism: number): readonly number[] | null => {
  const chosen = [...free].sort((a, b) => a - b).slice(0, Math.max(1, parallelism))
  return chosen.length > 0 ? chosen : null
}

/** Adds what is missing of lanes 0 to `count`; lanes are never taken away. */
export const ensureLanes = async (tx: EntityManager, count: number): Promise<void> => {
  await tx.execute('insert into lane (lane) select generate_series(0, ?::int - 1) on conflict do nothing', [count])
}

/** Lanes that no job owns, of those that jobs may be given. */
export const freeLanes = async (em: EntityManager, count: number): Promise<readonly number[]> => {
  const rows = await em.find(LaneRow, { jobId: null, lane: { $lt: count } })
  return rows.map(({ lane }) => lane)
}

/** Lane to topic to where the next record will be: the start of a job that gets these lanes while nobody writes. */
export const laneEnds = async (broker: Broker, lanes: readonly number[]) => {
  const ends: Record<string, Record<string, number>> = {}
  for (const lane of lanes)
    ends[lane] = Object.fromEntries(
      await Promise.all(phases.map(async ({ input }) => [input.name, (await broker.range(input.name, lane)).end])),
    )
  return ends
}
