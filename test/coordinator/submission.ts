import type { Submission } from '../../src/coordinator/jobs.ts'

export const submission = (kb_id: string, change: Partial<Submission> = {}): Submission => ({
  kb_id,
  sources: [{ type: 'local_files', path: '/docs' }],
  chunking: { strategy: 'markdown', chunk_size: 256, chunk_overlap: 32 },
  embedding: { provider: 'hashing', model: 'hashing-v1', dimensions: 384 },
  parallelism: 1,
  priority: 0,
  ...change,
})
