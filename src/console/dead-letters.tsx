import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'wouter'
import type { AnswerOf } from '../api/contract/routes.ts'
import { useClient } from './client.ts'
import { Table, Wrong } from './parts.tsx'
import { number } from './text.ts'

type Group = AnswerOf<'deadLetters'>['groups'][number]

/** What was rejected, by cause, with what can be done about it. */
export const DeadLetters = ({ job }: { readonly job: AnswerOf<'job'> }) => {
  const client = useClient()
  const { job_id } = job
  const causes = useQuery({
    queryKey: ['dead-letters', job_id],
    queryFn: ({ signal }) => client.deadLetters({ params: { job_id }, query: {} }, signal),
  })
  return (
    <>
      <h2>Dead letters</h2>
      <Wrong error={causes.error} />
      <Table head={['Stage', 'Cause', 'Open', 'All', 'For example', '']} none="Nothing was rejected.">
        {(causes.data?.groups ?? []).map(group => (
          <Cause key={`${group.stage} ${group.code}`} jobId={job_id} group={group} />
        ))}
      </Table>
    </>
  )
}

const Cause = ({ jobId, group }: { readonly jobId: string; readonly group: Group }) => {
  const client = useClient()
  const queries = useQueryClient()
  const { stage, code, open } = group
  const call = { params: { job_id: jobId }, body: { select: { stage, code } } }
  const onSettled = () => queries.invalidateQueries()
  const replay = useMutation({ mutationFn: () => client.replayDeadLetters(call), onSettled })
  const discard = useMutation({ mutationFn: () => client.discardDeadLetters(call), onSettled })
  const isBusy = replay.isPending || discard.isPending
  const example = group.examples[0]
  return (
    <tr>
      <td>{stage}</td>
      <td>{code}</td>
      <td className="number">{number(open)}</td>
      <td className="number">{number(group.count)}</td>
      <td className="why">
        {example?.uri}
        <br />
        {example?.message}
      </td>
      <td>
        {open > 0 && (
          <div className="actions">
            <button type="button" className="outline" disabled={isBusy} onClick={() => replay.mutate()}>
              replay
            </button>
            <button
              type="button"
              className="outline secondary"
              disabled={isBusy}
              onClick={() => {
                if (window.confirm(`Give up ${number(open)} dead letters of ${stage} ${code}?`)) discard.mutate()
              }}
            >
              discard
            </button>
          </div>
        )}
        {replay.data && (
          <Link href={`/jobs/${encodeURIComponent(replay.data.job_id)}`}>
            {number(replay.data.documents)} documents are loaded again
          </Link>
        )}
        <Wrong error={replay.error ?? discard.error} />
      </td>
    </tr>
  )
}
