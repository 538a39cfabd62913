import { messageOf } from '../runtime/errors.ts'
import { laneJob } from './control.ts'
import { JobRow } from './entities.ts'
import { trimLanes } from './releasing.ts'
import type { Tenure } from './tenure.ts'

/**
 * A stream has no end, and nothing of it may grow without one: what all of its stages have read is deleted from its lanes,
 * old versions are removed and indexes built, as FINISHING would. `seen` has how far each was at its last time: one that
 * has stood since is left alone. What fails is tried again the next time.
 */
export const tidyStreams = async (tenure: Tenure, seen: Map<string, number>, signal: AbortSignal): Promise<void> => {
  const streams = await tenure.transaction(tx => tx.find(JobRow, { status: 'running', kind: 'stream' }))
  for (const job of streams) {
    const stored = Object.values(job.state.phases.INDEXING.lanes).reduce((sum, { next }) => sum + next, 0)
    if (seen.get(job.id) === stored || signal.aborted) continue
    try {
      await trimLanes(tenure, job.state.lanes)
      await tenure.tidy(laneJob(job), signal)
      seen.set(job.id, stored)
      tenure.log.debug({ job_id: job.id, kb_id: job.kbId }, 'stream tidied')
    } catch (error) {
      if (!signal.aborted)
        tenure.log.warn(
          { job_id: job.id, kb_id: job.kbId, err: error },
          `a stream is not tidied yet: ${messageOf(error)}`,
        )
    }
  }
}
