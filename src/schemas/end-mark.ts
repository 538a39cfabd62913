import { type Infer, type RecordSchema, tag } from './avro.ts'

/** The last record of a job in a lane: a phase is complete when its stage has passed the end mark of every lane. */
export const endMark = {
  type: 'record',
  name: 'EndMark',
  namespace: 'penstock',
  doc: 'The last record of a job in a lane.',
  fields: [tag('end_mark'), { name: 'job_id', type: 'string' }],
} as const satisfies RecordSchema

export type EndMark = Infer<typeof endMark>
