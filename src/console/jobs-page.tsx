import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import type { AnswerOf } from '../api/contract/routes.ts'
import { useClient } from './client.ts'
import { byPage } from './pages.ts'
import { More, State, Table, Wrong } from './parts.tsx'
import { time } from './text.ts'

type Job = AnswerOf<'job'>
const states = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const
type JobState = (typeof states)[number]
const isState = (value: string): value is JobState => states.some(one => one === value)

/** All jobs, the newest first. */
export const JobsPage = () => {
  const client = useClient()
  const [status, setStatus] = useState<JobState | undefined>()
  const jobs = useInfiniteQuery({
    queryKey: ['jobs', status],
    queryFn: ({ pageParam, signal }) => client.jobs({ query: { status, after: pageParam } }, signal),
    ...byPage,
    placeholderData: keepPreviousData,
  })
  const found = jobs.data?.pages.flatMap(page => page.jobs)
  return (
    <>
      <h1>Jobs</h1>
      <label>
        State
        <select
          value={status ?? ''}
          onChange={({ target: { value } }) => setStatus(isState(value) ? value : undefined)}
        >
          <option value="">all</option>
          {states.map(one => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <Wrong error={jobs.error} />
      {found === undefined ? (
        <p aria-busy={jobs.isPending} />
      ) : (
        <Table
          head={['Knowledge base', 'Job', 'State', 'Progress', 'Submitted']}
          none="There are none. Begin one under Ingest, or with `penstock ingest FOLDER --kb NAME`."
        >
          {found.map(job => (
            <JobRow key={job.job_id} job={job} />
          ))}
        </Table>
      )}
      <More of={jobs} />
    </>
  )
}

const JobRow = ({ job }: { readonly job: Job }) => (
  <tr>
    <td>
      <Link href={`/bases/${encodeURIComponent(job.kb_id)}`}>{job.kb_id}</Link>
    </td>
    <td>
      <Link href={`/jobs/${encodeURIComponent(job.job_id)}`}>{job.job_id}</Link> {job.kind === 'run' ? null : job.kind}
    </td>
    <td>
      <State of={job.status} />
      <div className="why">{job.error?.message ?? job.waiting_for ?? job.message}</div>
    </td>
    <td>
      <progress value={job.progress} max={100} aria-label={`Progress of ${job.kb_id}`} /> {job.phase}
    </td>
    <td>{time(job.submitted_at)}</td>
  </tr>
)
