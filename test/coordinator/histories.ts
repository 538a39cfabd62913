import type { JobEvent } from '../../src/coordinator/job.ts'
import { phases, phasesOf } from '../../src/coordinator/phases.ts'
import type { Branch } from '../../src/schemas/names.ts'
import type { Progress } from '../../src/schemas/progress.ts'

/** Every lane of every topic starts at this offset. */
const startOffset = 100

/** What an undisturbed run consists of. */
export type HistoryEvent = Extract<JobEvent, { type: 'started' | 'progress' }>

export const started = (lanes: readonly number[]): HistoryEvent => ({
  type: 'started',
  lanes,
  starts: Object.fromEntries(
    lanes.map(lane => [lane, Object.fromEntries(phases.map(({ input }) => [input.name, startOffset]))]),
  ),
  at: 1_000,
})

/** A report of ten records without any work in them, unless stated. */
export const progress = (stage: string, change: Partial<Progress> = {}, at = 2_000) =>
  ({
    type: 'progress',
    at,
    report: {
      type: 'progress',
      job_id: 'j',
      attempt: 1,
      stage,
      lane: 3,
      first: startOffset,
      next: startOffset + 10,
      inputs: 10,
      items: 0,
      outputs: 0,
      rejects: 0,
      bytes: 0,
      ms: 1,
      end_marks: 0,
      total: null,
      message: null,
      branch_outputs: {},
      row_documents: 0,
      ...change,
    },
  }) as const satisfies JobEvent

/** A whole run, stage by stage: slices of differing sizes in every lane, the last of each with the end mark. */
export const history = (lanes: readonly number[], seed = 1, branches: readonly Branch[] = []): HistoryEvent[] => {
  let random = seed
  const next = (below: number) => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((random / 2_147_483_648) * below)
  }
  const events: HistoryEvent[] = [started(lanes)]
  let at = 2_000
  for (const { stage, firstLaneOnly } of phasesOf({ branches }))
    for (const lane of firstLaneOnly ? lanes.slice(0, 1) : lanes) {
      const slices = 1 + next(4)
      let first = startOffset
      for (let i = 0; i < slices; i++) {
        const size = 1 + next(20)
        const last = i === slices - 1
        const change = {
          lane,
          first,
          next: first + size,
          items: next(size),
          outputs: next(50),
          rejects: next(2),
          bytes: next(1_000),
          end_marks: last ? 1 : 0,
          branch_outputs: stage === 'loading' && branches.length > 0 ? { rows: next(50) } : {},
          total: stage === 'loading' ? 10 + next(50) : null,
          message: next(3) === 0 ? `${stage} ${lane} ${i}` : null,
        }
        events.push(progress(stage, change, at))
        at += next(3)
        first += size
      }
    }
  return events
}
