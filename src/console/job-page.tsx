import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import type { AnswerOf } from '../api/contract/routes.ts'
import { useClient } from './client.ts'
import { DeadLetters } from './dead-letters.tsx'
import { JobActions, PhaseActions } from './job-actions.tsx'
import { State, Table, Wrong } from './parts.tsx'
import { number, share, time } from './text.ts'

type Job = AnswerOf<'job'>

/** One job: how far it is, what it waits for, its phases and what was rejected. */
export const JobPage = ({ id }: { readonly id: string }) => {
  const client = useClient()
  const job = useQuery({
    queryKey: ['job', id],
    queryFn: ({ signal }) => client.job({ params: { job_id: id } }, signal),
  })
  if (job.data === undefined) return job.error ? <Wrong error={job.error} /> : <p aria-busy="true" />
  const { kb_id, kind, replay } = job.data
  return (
    <>
      <hgroup>
        <h1>
          <Link href={`/bases/${encodeURIComponent(kb_id)}`}>{kb_id}</Link>
        </h1>
        <p>
          {kind} {id}
          {replay && (
            <>
              {' '}
              of <Link href={`/jobs/${encodeURIComponent(replay.of)}`}>{replay.of}</Link>
            </>
          )}
        </p>
      </hgroup>
      <Wrong error={job.error} />
      <Summary job={job.data} />
      <JobActions job={job.data} />
      <h2>Phases</h2>
      <Phases job={job.data} />
      <DeadLetters job={job.data} />
    </>
  )
}

const Summary = ({ job }: { readonly job: Job }) => (
  <>
    <p>
      <State of={job.status} /> <progress value={job.progress} max={100} aria-label="Progress of the job" />{' '}
      {number(job.progress)} %
    </p>
    {job.error && <p role="alert">{job.error.message}</p>}
    {job.message && <p>{job.message}</p>}
    {job.waiting_for && <p className="why">It waits for {job.waiting_for}.</p>}
    {job.eta && (
      <p className="why">
        Done about {time(job.eta.expected)}, between {time(job.eta.earliest)} and {time(job.eta.latest)}.
      </p>
    )}
    <p>
      {number(job.metrics.documents)} documents, {number(job.metrics.chunks)} chunks, {number(job.metrics.rows)} rows of
      tables, {number(job.metrics.rejected)} rejected. Submitted {time(job.submitted_at)}
      {job.completed_at ? `, ended ${time(job.completed_at)}` : ''}.
    </p>
  </>
)

const Phases = ({ job }: { readonly job: Job }) => (
  <Table head={['Phase', 'State', 'Progress', 'Items', 'Rejected', 'A second', '']} none="None has begun.">
    {job.phase_details.map(phase => (
      <tr key={phase.name}>
        <th scope="row">{phase.name}</th>
        <td>
          <State of={phase.status} />
          <div className="why">{phase.error?.message}</div>
        </td>
        <td>
          <progress value={phase.progress} max={100} aria-label={`Progress of ${phase.name}`} />
        </td>
        <td className="number">{share(phase.items_processed, phase.items_total)}</td>
        <td className="number">{number(phase.items_rejected)}</td>
        <td className="number">{phase.items_per_second === null ? '' : number(phase.items_per_second)}</td>
        <td>
          <PhaseActions job={job} phase={phase.name} status={phase.status} />
        </td>
      </tr>
    ))}
  </Table>
)
