import { pick } from './random.ts'
import type { Subject } from './subject.ts'

/** Markdown of several folders, through the line. */
export const documentsJob: Subject = {
  roles: [],
  stages: ['loading', 'chunking', 'embedding', 'indexing'],
  biteS: 0.15,
  async begin(rig, kb) {
    const job = await rig.start(kb)
    return {
      job,
      underWay: random => rig.seen(job, pick(['loading', 'chunking', 'embedding'] as const, random)),
      async isWhole(struck) {
        const ended = await rig.isWhole(struck.job ?? job, kb, struck.expected)
        return Date.parse(ended.completed_at!)
      },
      end: async () => undefined,
    }
  },
}
