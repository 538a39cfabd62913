import type { JobStatus } from '../api/contract/answers.ts'

/** Something that shows a job while it moves. */
export interface ProgressView {
  show(job: JobStatus): void
  /** The server does not answer just now. */
  silent(message: string): void
  end(): void
}
