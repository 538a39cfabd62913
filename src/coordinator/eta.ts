import type { Job } from './job-state.ts'

export const eta = (_: Job, __: number): { earliest: number; expected: number; latest: number } | null => null
