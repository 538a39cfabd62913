import { Reject } from '../../runtime/errors.ts'
import { type Discard, type Emission, emit } from '../../runtime/stage.ts'
import type { LaneJob } from '../../schemas/lane-control.ts'
import { rowsTopic } from '../../schemas/topics.ts'
import type { Tabled, TabledRow } from '../../sources/source.ts'

/** Rows of one record. */
const most = { rows: 1_000, characters: 256 * 1024 }
/** Rows without a key go to the lanes of the job in turns of so many. */
const turn = 1_000

/**
 * The records of the rows of a bite: batches for each lane, in the order of the file. Rows with the same key are in the
 * same lane, so that whoever stores them sees which was first.
 */
export const rowRecords = (tabled: Tabled, source: string, { job_id, lanes }: LaneJob) => {
  const { table, columns, keys, file, uri, rejects, end } = tabled
  const outputs: (Emission<typeof rowsTopic> | Discard)[] = []
  const about = { job_id, source, table, columns } as const
  const send = (rows: readonly TabledRow[], lane: number) =>
    outputs.push(emit(rowsTopic, table, { type: 'rows', ...about, file, uri, rows }, lane))
  for (const [lane, rows] of byLane(tabled.rows, keys, lanes)) for (const batch of batches(rows)) send(batch, lane)
  for (const { uri, code, message } of rejects) outputs.push({ discard: new Reject(code, message), uri })
  if (end) outputs.push(emit(rowsTopic, table, { type: 'table_end', ...about, ...end }, lanes[0]))
  return outputs
}

const byLane = (rows: readonly TabledRow[], keys: readonly number[], lanes: readonly number[]) => {
  if (lanes.length === 1) return new Map([[lanes[0]!, rows]])
  const laneOf = (one: TabledRow) => {
    const place =
      keys.length === 0 ? Math.floor(one.row / turn) : hashOf(keys.map(i => one.cells[i] ?? '').join('\u001f'))
    return lanes[place % lanes.length]!
  }
  return Map.groupBy(rows, laneOf)
}

/** FNV-1a, 32 bits: quick, and even enough for lanes. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

function* batches(rows: readonly TabledRow[]): Generator<readonly TabledRow[]> {
  let [from, characters] = [0, 0]
  for (let i = 0; i < rows.length; i++) {
    for (const cell of rows[i]!.cells) characters += cell?.length ?? 0
    if (characters < most.characters && i + 1 - from < most.rows) continue
    yield rows.slice(from, i + 1)
    ;[from, characters] = [i + 1, 0]
  }
  if (from < rows.length) yield rows.slice(from)
}
