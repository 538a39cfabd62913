import type { JobStatus, PhaseDetail } from '../api/contract/answers.ts'
import type { Output } from './context.ts'
import { items, remarks } from './job-text.ts'
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
        once(phase.name, `${phase.status} ${Math.floor(phase.progress / 10)}`, lineOf(phase))
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

const lineOf = (phase: PhaseDetail): string =>
  `${phase.name.padEnd(10)} ${phase.status.padEnd(9)} ${number(Math.floor(phase.progress)).padStart(3)} %  ${items(phase)}${
    phase.items_rejected === 0 ? '' : `, ${number(phase.items_rejected)} rejected`
  }`

/** The message of a running job changes with every slice; only what holds or ends it is worth a line. */
const standstill = (job: JobStatus): string => remarks({ ...job, message: null }).join('; ')
