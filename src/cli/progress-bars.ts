import { type GenericBar, MultiBar, Presets } from 'cli-progress'
import type { JobStatus, PhaseDetail } from '../api/contract/answers.ts'
import type { Output } from './context.ts'
import { items, perSecond, remarks } from './job-text.ts'
import type { ProgressView } from './progress-view.ts'
import { number } from './text.ts'

/** A bar a phase, redrawn in place, under a line that says how the job stands. */
export const barsView = (output: Output): ProgressView => {
  const bars = new MultiBar(
    {
      stream: output,
      format: '{name} {bar} {percentage} %  {note}',
      barsize: 28,
      hideCursor: true,
      fps: 10,
      gracefulExit: false,
    },
    Presets.shades_classic,
  )
  const head = bars.create(100, 0, { text: '' }, { format: '{text}' })
  const phases = new Map<string, GenericBar>()
  return {
    show(job) {
      head.update(job.progress, { text: headline(job) })
      for (const phase of job.phase_details) {
        const bar = phases.get(phase.name) ?? bars.create(100, 0, { name: phase.name.padEnd(10), note: '' })
        phases.set(phase.name, bar)
        bar.update(phase.progress, { note: noteOf(job, phase) })
      }
    },
    silent(message) {
      head.update({ text: message })
    },
    end() {
      bars.stop()
    },
  }
}

const headline = (job: JobStatus): string => [`job ${job.job_id} ${job.status}`, ...remarks(job)].join(' · ')

const noteOf = (job: JobStatus, phase: PhaseDetail): string => {
  const rejected = phase.items_rejected === 0 ? '' : `, ${number(phase.items_rejected)} rejected`
  const rate = perSecond(phase)
  const pace = rate === null ? '' : `, ${rate} a second`
  return `${items(job, phase)}${rejected}${pace}${phase.status === 'running' ? '' : ` · ${phase.status}`}`
}
