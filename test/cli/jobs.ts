import { aJob, aPhase, fakePorts } from '../api/fake-ports.ts'

/** The ports of a Penstock that has one job. */
export const withJob = (over: Parameters<typeof aJob>[0] = {}) => {
  const ports = fakePorts()
  ports.stored.jobs.push(aJob(over))
  return ports
}
/** What a job that went well says of itself. */
export const done = {
  status: 'completed',
  progress: 100,
  completed_at: '2026-11-23T06:00:13.300Z',
  phase_details: [aPhase({ status: 'completed', progress: 100, items_processed: 300, items_total: 300 })],
} as const
