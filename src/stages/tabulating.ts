import type { TableWriter } from '../knowledge/knowledge-base.ts'
import { defineStage } from '../runtime/stage.ts'
import type { Rows } from '../schemas/rows.ts'
import type { TableEnd } from '../schemas/table-end.ts'
import { type RecordOf, rowsTopic } from '../schemas/topics.ts'

/**
 * TABULATING writes the rows of tables, each to the load of its run, which readers do not see until FINISHING. A branch of
 * the line, of jobs with a structured source alone. Of rows with the same key the first is stored, the others are
 * rejected by name.
 */
export const tabulating = defineStage<typeof rowsTopic, readonly [], TableWriter>({
  name: 'tabulating',
  phase: 'TABULATING',
  from: rowsTopic,
  to: [],
  slice: { records: 64, bytes: 4 * 1024 * 1024 },
  transform: async inputs => inputs.map(() => []),
  effect: (inputs, writer, { job, lane }) => writer.tabulate(job, lane, inputs.filter(isEntry)),
})

/** Always true: the runtime keeps end marks to itself. */
const isEntry = (input: RecordOf<typeof rowsTopic>): input is Rows | TableEnd => input.type !== 'end_mark'
