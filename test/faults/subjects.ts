import { documentsJob } from './documents-job.ts'
import type { SubjectName } from './kind.ts'
import { streamJob } from './stream-job.ts'
import type { Subject } from './subject.ts'
import { tableJob } from './table-job.ts'

/** Every sort of job that faults strike. */
export const subjects: Readonly<Record<SubjectName, Subject>> = {
  documents: documentsJob,
  table: tableJob,
  stream: streamJob,
}
