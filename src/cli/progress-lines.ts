import type { JobStatus, PhaseDetail } from '../api/contract/answers.ts'
import type { Output } from './context.ts'
import { etaText, items, perSecond, remarks } from './job-text.ts'
import type { ProgressView } from './progress-view.ts'
import { number, say } from './text.ts'

/** Plain lines for files and pipes: one whenever a state changes or a phase gains a tenth, never the same twice. */
export const linesView = (output: Output): ProgressView => {
  const said = new Map<string, string>()
  const once = (about: string, what: string, line: string) => {
    if (said.get(about) === what) return
    said.set(about, what)
    say(output, line)
  }
  return {
    show(job) {
      once('job', job.status, `job ${job.job_id} ${job.status}`)
      for (const phase of job.phase_details) {
        if (phase.status === 'pending') continue
        once(phase.name, `${phase.status} ${Math.floor(phase.progress / 10)}`, lineOf(job, phase) + etaOf(job, phase))
      }
      const why = standstill(job)
      if (why !== '') once('why', why, `  ${why}`)
    },
    silent(message) {
      once('silent', message, `  ${message}`)
    },
    end: () => undefined,
  }
}

const lineOf = (job: JobStatus, phase: PhaseDetail): string => {
  const { name, status, progress, items_rejected } = phase
  const rejected = items_rejected === 0 ? '' : `, ${number(items_rejected)} rejected`
  const rate = perSecond(phase)
  const pace = rate === null ? '' : `, ${rate} a second`
  const percent = number(Math.floor(progress)).padStart(3)
  return `${name.padEnd(10)} ${status.padEnd(9)} ${percent} %  ${items(job, phase)}${rejected}${pace}`
}

/** Goes with the line of a phase that moves: alone it would be a new line every second. */
const etaOf = ({ eta }: JobStatus, { status }: PhaseDetail): string =>
  eta === null || status !== 'running' ? '' : `; job ${etaText(eta, Date.now())}`

/** Message and ETA of a running job change with every slice; only what holds or ends it is worth a line. */
const standstill = (job: JobStatus): string => remarks({ ...job, message: null, eta: null }).join('; ')
