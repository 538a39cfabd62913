import type { Submission } from '../../src/coordinator/jobs.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { OpenedSource, Source } from '../../src/sources/source.ts'

/** What a job is to work on. Plain data, drawn with the history. */
export interface Shape {
  /** When it is asked for. */
  readonly at: number
  /** Documents of each of its sources. */
  readonly sources: readonly number[]
  readonly lanes: number
  /** What of it can never succeed: a file, a text for the model, a chunk for the store. */
  readonly bad: 'none' | 'file' | 'text' | 'chunk'
}

const bite = 2

export const submissionOf = ({ sources, lanes, bad }: Shape, kb: string): Submission => ({
  kb_id: kb,
  sources: sources.map((documents, number) => ({ type: 'simulated', documents, number, bad })),
  chunking: { strategy: 'fixed', chunk_size: 4, chunk_overlap: 0 },
  embedding: { provider: 'openai', model: 'simulated', dimensions: 1 },
  parallelism: lanes,
  priority: 0,
})

/** The source of a job by its number: a few documents of one to three chunks, two in a bite. */
export const sourceOf = (job: Pick<LaneJob, 'job_id' | 'sources'>, index: number): OpenedSource => {
  const { documents, number, bad } = JSON.parse(job.sources[index]!) as {
    documents: number
    number: number
    bad: Shape['bad']
  }
  const source: Source = {
    total: async () => documents,
    async bite(cursor) {
      const from = Number(cursor ?? 0)
      const to = Math.min(documents, from + bite)
      const found = Array.from({ length: to - from }, (_, i) => documentOf(number, from + i, bad))
      return { documents: found, next: to < documents ? String(to) : null }
    },
  }
  return { source, id: `source-${number}` }
}

const documentOf = (source: number, n: number, bad: Shape['bad']) => {
  const uri = `${source}-${n}.md`
  if (bad === 'file' && n === 0) return { uri, code: 'unreadable', message: 'It cannot be read.' }
  const words = Array.from({ length: 1 + ((n + source) % 3) }, (_, i) => `one two three ${n * 10 + i}`)
  if (n === 0 && bad === 'text') words.push('poison poison poison poison')
  if (n === 0 && bad === 'chunk') words.push('refused refused refused refused')
  return { uri, title: uri, mediaType: 'text/plain', text: words.join(' '), metadata: {} }
}
