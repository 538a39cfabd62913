import { eachPhase, emptyPhase, type Job, newJob } from '../../src/coordinator/job-state.ts'
import { phases } from '../../src/coordinator/phases.ts'

/** The state of a job that has stored so many documents of so many chunks in all, as its stages reported. */
export const completedJob = ({ documents = 2, chunks = 4, lanes = [0] as readonly number[] } = {}): Job => {
  const counts = {
    LOADING: { items: documents, outputs: documents },
    CHUNKING: { items: documents, outputs: chunks },
    EMBEDDING: { items: chunks, outputs: chunks },
    INDEXING: { items: chunks, outputs: 0 },
    TABULATING: {},
    FINISHING: { items: 3, outputs: 0 },
  }
  return {
    ...newJob(),
    status: 'completed',
    finishing: true,
    lanes,
    phases: eachPhase(name => {
      const own = phases.find(phase => phase.name === name)!.firstLaneOnly ? lanes.slice(0, 1) : lanes
      const ended = { next: 10, ended: true, acknowledged: 0, waiting: null }
      return { ...emptyPhase, ...counts[name], lanes: Object.fromEntries(own.map(lane => [lane, ended])) }
    }),
  }
}

/** The same with some counts of a phase changed. */
export const withPhase = (job: Job, name: keyof Job['phases'], change: Partial<Job['phases']['LOADING']>): Job => ({
  ...job,
  phases: { ...job.phases, [name]: { ...job.phases[name], ...change } },
})
