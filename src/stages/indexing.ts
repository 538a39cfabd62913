import type { KnowledgeWriter } from '../knowledge/knowledge-base.ts'
import { defineStage } from '../runtime/stage.ts'
import type { DocumentEnd } from '../schemas/document-end.ts'
import { type RecordOf, vectors } from '../schemas/topics.ts'
import type { Vector } from '../schemas/vector.ts'

/**
 * INDEXING writes vectors and document ends to the knowledge base. It has no outputs: its effect on the store, once a
 * slice whatever happens, is the end of the line. What it counts is chunks stored, like EMBEDDING before it, so that
 * the two phases of a job are shown in the same unit and their totals agree; document ends pass by.
 */
export const indexing = defineStage<typeof vectors, readonly [], KnowledgeWriter>({
  name: 'indexing',
  phase: 'INDEXING',
  from: vectors,
  to: [],
  slice: { records: 1024, bytes: 8 * 1024 * 1024 },
  transform: async inputs => inputs.map(() => []),
  effect: (inputs, writer, { job, lineageOf }) => writer.write(job, inputs.filter(isEntry), lineageOf),
})

/** Always true: the runtime keeps end marks to itself, so the indexes of the inputs stay those of the entries. */
const isEntry = (input: RecordOf<typeof vectors>): input is Vector | DocumentEnd => input.type !== 'end_mark'
