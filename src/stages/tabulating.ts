import { defineStage } from '../runtime/stage.ts'
import { rowsTopic } from '../schemas/topics.ts'

/** TABULATING takes the rows of tables: a branch of the line, of jobs with a structured source alone. */
export const tabulating = defineStage({
  name: 'tabulating',
  phase: 'TABULATING',
  from: rowsTopic,
  to: [],
  slice: { records: 256, bytes: 8 * 1024 * 1024 },
  transform: async inputs => inputs.map(() => []),
})
