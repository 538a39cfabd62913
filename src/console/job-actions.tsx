import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { AnswerOf, CallOf } from '../api/contract/routes.ts'
import { useClient } from './client.ts'
import { Wrong } from './parts.tsx'

type Job = AnswerOf<'job'>
type Verb = 'pause' | 'resume' | 'cancel' | 'retry'
type Phase = NonNullable<NonNullable<CallOf<'pause'>['body']>['phase']>

/** What may be asked of a job, or a phase, in a state; the API has the last word. */
const verbsIn: Readonly<Record<Job['status'], readonly Verb[]>> = {
  pending: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  failed: ['retry', 'cancel'],
  completed: [],
  cancelled: [],
}

export const JobActions = ({ job }: { readonly job: Job }) => {
  const verbs = verbsIn[job.status]
  return verbs.length === 0 ? null : <Actions job={job} verbs={verbs} />
}

/** Of a phase of a job that is not over: cancel is the whole job's alone. */
export const PhaseActions = ({
  job,
  phase,
  status,
}: {
  readonly job: Job
  readonly phase: string
  readonly status: Job['status']
}) => {
  const isOver = verbsIn[job.status].length === 0
  const verbs = isOver ? [] : verbsIn[status].filter(verb => verb !== 'cancel')
  return verbs.length === 0 ? null : <Actions job={job} verbs={verbs} phase={phase as Phase} />
}

const Actions = ({
  job: { kb_id, job_id },
  verbs,
  phase,
}: {
  readonly job: Job
  readonly verbs: readonly Verb[]
  readonly phase?: Phase
}) => {
  const client = useClient()
  const queries = useQueryClient()
  const asking = useMutation({
    mutationFn: (verb: Verb) => {
      const params = { kb_id }
      if (verb === 'cancel') return client.cancel({ params, body: { job_id } })
      return client[verb]({ params, body: { job_id, ...(phase && { phase }) } })
    },
    onSettled: () => queries.invalidateQueries(),
  })
  const ask = (verb: Verb) => {
    if (verb === 'cancel' && !window.confirm(`Cancel this job of ${kb_id}? What it has not done is given up.`)) return
    asking.mutate(verb)
  }
  return (
    <div className="actions">
      {verbs.map(verb => (
        <button
          key={verb}
          type="button"
          className={verb === 'cancel' ? 'outline secondary' : 'outline'}
          disabled={asking.isPending}
          onClick={() => ask(verb)}
        >
          {verb}
          {phase === undefined ? '' : ` ${phase}`}
        </button>
      ))}
      <Wrong error={asking.error} />
    </div>
  )
}
