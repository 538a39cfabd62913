import { firstLoadRequest } from './control.ts'
import { JobRow, LaneRow } from './entities.ts'
import { lockJobs, queueOrder, transit } from './job-rows.ts'
import { chooseLanes, freeLanes, laneEnds } from './lanes.ts'
import { plan, publish } from './publications.ts'
import { giveUp, releaseLanes } from './releasing.ts'
import { busyJobs } from './streams.ts'
import type { Tenure } from './tenure.ts'

/** Starts jobs from the head of the queue, as many as `concurrency` and the free lanes allow. */
export const startJobs = async (tenure: Tenure): Promise<void> => {
  while (await startNext(tenure)) await publish(tenure)
}

const startNext = async (tenure: Tenure): Promise<boolean> => {
  const { transaction, broker, concurrency, lanes: count } = tenure
  const next = await transaction(async tx => {
    if ((await tx.count(JobRow, { status: 'pending' })) === 0) return null
    // A stream begins idle, so there is always room for one.
    const kind = (await busyJobs(tx)) >= concurrency ? { kind: 'stream' as const } : {}
    const [job] = await tx.find(JobRow, { status: 'pending', ...kind }, { orderBy: queueOrder, limit: 1 })
    if (!job) return null
    return { job, lanes: chooseLanes(await freeLanes(tx, count), job.submission.parallelism) }
  })
  if (!next) return false
  if (!next.lanes) return makeRoom(tenure)

  const { lanes } = next
  const starts = await laneEnds(broker, lanes)
  await transaction(async (tx, now) => {
    const [job] = await lockJobs(tx, [next.job.id])
    if (job?.status !== 'pending') return
    transit(job, [{ type: 'started', lanes, starts, at: now.getTime() }], now)
    const rows = await tx.find(LaneRow, { lane: { $in: [...lanes] } }, { orderBy: { lane: 'asc' } })
    for (const row of rows) {
      row.jobId = job.id
      row.starts = starts[row.lane] ?? {}
    }
    await tx.flush()
    await plan(tx, rows, job.kind === 'stream' ? [] : [firstLoadRequest(job)])
    tenure.log.info({ job_id: job.id, kb_id: job.kbId, lanes }, 'job started')
  })
  return true
}

/** Where failed jobs hold every lane, the one that failed first loses its lanes; a stream's events are nowhere else. */
const makeRoom = async (tenure: Tenure): Promise<boolean> => {
  const oldest = await tenure.transaction(async (tx, now) => {
    const [id] = await tx.execute<{ id: string }[]>(
      `select id from job where status = 'failed' and closed_at is null and id in (select job_id from lane) and kind <> 'stream'
       order by completed_at, number limit 1`,
    )
    const [job] = id ? await lockJobs(tx, [id.id]) : []
    if (job) job.closedAt = now
    return job ?? null
  })
  if (!oldest) return false
  tenure.log.warn({ job_id: oldest.id, kb_id: oldest.kbId }, 'failed job gives up its lanes: others wait for them')
  await giveUp(tenure)
  await publish(tenure)
  await releaseLanes(tenure)
  return true
}
