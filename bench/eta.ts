/**
 * How often the true end of a job lies within the range that its status gave: runs jobs of differing shapes one after
 * the other, looks at their status every 200 ms, and holds each range that was given after the first tenth of the job
 * against its end.
 *
 *     npm run bench:eta
 */
import { setTimeout as delay } from 'node:timers/promises'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'

interface Shape {
  readonly documents: number
  /** Parts of a document: the first and the last one, in between evenly. */
  readonly parts: readonly [number, number]
  readonly parallelism: number
  /** Of the provider, at the beginning and at the end. */
  readonly latencyMs: readonly [number, number]
}

const shapes: readonly Shape[] = [
  { documents: 400, parts: [12, 12], parallelism: 2, latencyMs: [100, 100] },
  { documents: 400, parts: [12, 12], parallelism: 2, latencyMs: [300, 300] },
  { documents: 300, parts: [2, 40], parallelism: 2, latencyMs: [150, 150] },
  { documents: 300, parts: [40, 2], parallelism: 2, latencyMs: [150, 150] },
  { documents: 60, parts: [100, 100], parallelism: 1, latencyMs: [100, 100] },
  { documents: 1_500, parts: [3, 3], parallelism: 4, latencyMs: [100, 100] },
  { documents: 400, parts: [12, 12], parallelism: 1, latencyMs: [100, 200] },
  { documents: 400, parts: [12, 12], parallelism: 4, latencyMs: [300, 150] },
  { documents: 3_000, parts: [8, 8], parallelism: 4, latencyMs: [0, 0] },
  { documents: 200, parts: [1, 60], parallelism: 4, latencyMs: [200, 200] },
  { documents: 1_000, parts: [6, 6], parallelism: 2, latencyMs: [50, 50] },
  { documents: 250, parts: [20, 20], parallelism: 3, latencyMs: [400, 400] },
]
const dimensions = 16

const provider = await startEmbeddingServer({ dimensions })
const postgres = await startTestPostgres()
const penstock = await openInstallation(
  ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'],
  { OPENAI_BASE_URL: provider.baseUrl, PENSTOCK_EMBEDDING_BATCH: '16' },
  () => testDatabase(postgres.url),
)
const words = (seed: number) => Array.from({ length: 40 }, (_, w) => `word${(seed * 7919 + w * 104_729) % 9000}`)

let within = 0
let given = 0
let looks = 0
for (const [n, { documents, parts, parallelism, latencyMs }] of shapes.entries()) {
  for (let i = 0; i < documents; i++) {
    const count = Math.round(parts[0] + ((parts[1] - parts[0]) * i) / Math.max(1, documents - 1))
    const text = Array.from({ length: count }, (_, p) => `## Part ${p}\n\n${words(i * 101 + p + n * 13).join(' ')}`)
    penstock.write(`${n}/d${String(i).padStart(5, '0')}.md`, [`# Document ${i}`, ...text].join('\n\n'))
  }
  const { job_id } = await penstock.client.ingest({
    body: {
      kb_id: `shape${n}`,
      sources: [{ type: 'markdown', path: `${penstock.corpus}/${n}` }],
      chunking: { strategy: 'markdown', chunk_size: 128, chunk_overlap: 0 },
      embedding: { provider: 'openai', model: `shape${n}`, dimensions },
      parallelism,
    },
  })
  const seen: { at: number; earliest: number; latest: number }[] = []
  const all: number[] = []
  for (;;) {
    const job = await penstock.client.job({ params: { job_id } })
    if (job.completed_at !== null) {
      const from = Date.parse(job.started_at!)
      const end = Date.parse(job.completed_at)
      const later = (at: number) => at > from + (end - from) / 10
      const judged = seen.filter(({ at }) => later(at))
      const right = judged.filter(one => one.earliest <= end && end <= one.latest)
      const width = judged.map(one => (one.latest - one.earliest) / Math.max(1, end - one.at)).sort((a, b) => a - b)
      looks += all.filter(later).length
      given += judged.length
      within += right.length
      console.log(
        `${documents} documents of ${parts.join(' to ')} parts, ${parallelism} lanes, ${latencyMs.join(' to ')} ms: ` +
          `${job.status} in ${((end - from) / 1000).toFixed(1)} s, within ${right.length} of ${judged.length} ranges ` +
          `(${all.filter(later).length} looks), median width ${(width[width.length >> 1] ?? 0).toFixed(1)} of what was left`,
      )
      break
    }
    provider.latencyMs = latencyMs[0] + ((latencyMs[1] - latencyMs[0]) * job.progress) / 100
    all.push(Date.now())
    if (job.eta)
      seen.push({ at: Date.now(), earliest: Date.parse(job.eta.earliest), latest: Date.parse(job.eta.latest) })
    await delay(200)
  }
}
console.log(
  `the true end lay within ${((100 * within) / given).toFixed(1)} % of ${given} ranges; ${((100 * given) / looks).toFixed(0)} % of the looks had one`,
)
await penstock.close()
await postgres.stop()
await provider.close()
