/**
 * What a small job waits for a large one: the time of a job of 10 documents on the idle system, and in the middle of a
 * job with many chunks that works on as many lanes as `--lanes` says. Prints the ratio of the medians while the large job
 * still chunks, while it embeds and indexes, and while it only finishes: its last phase competes for no stage, and may
 * last as long as all the others.
 *
 *     npm run bench:fairness -- [--chunks 20000] [--lanes 4] [--runs 7]
 */
import { parseArgs } from 'node:util'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { until } from '../test/kit/until.ts'

const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '20000' },
    lanes: { type: 'string', default: '4' },
    runs: { type: 'string', default: '7' },
  },
})
const runs = Number(values.runs)
const partsEach = 20
const dimensions = 384

const provider = await startEmbeddingServer({ dimensions })
const postgres = await startTestPostgres()
const penstock = await openInstallation(
  ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'],
  {},
  () => testDatabase(postgres.url),
)
const words = (seed: number) => Array.from({ length: 50 }, (_, w) => `word${(seed * 7919 + w * 104_729) % 9000}`)
const write = (folder: string, documents: number, salt: number) => {
  for (let i = 0; i < documents; i++) {
    const parts = Array.from({ length: partsEach }, (_, p) => `## Part ${p}\n\n${words(salt + i * 101 + p).join(' ')}`)
    penstock.write(`${folder}/d${i}.md`, [`# Document ${i}`, ...parts].join('\n\n'))
  }
}
write('large', Math.ceil(Number(values.chunks) / partsEach), 0)
write('small', 10, 7)

const start = async (folder: string, kb: string, parallelism: number) => {
  const { job_id } = await penstock.client.ingest({
    body: {
      kb_id: kb,
      sources: [{ type: 'markdown', path: `${penstock.corpus}/${folder}` }],
      chunking: { strategy: 'markdown', chunk_size: 128, chunk_overlap: 0 },
      embedding: { provider: 'hashing', dimensions },
      parallelism,
    },
  })
  return job_id
}
const statusOf = (job_id: string) => penstock.client.job({ params: { job_id } })
let small = 0
const timed = async (): Promise<number> => {
  const began = performance.now()
  const job = await start('small', `small${++small}`, 1)
  await penstock.ended(job)
  return performance.now() - began
}
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!
const shown = (list: readonly number[]) => list.map(ms => Math.round(ms)).join(', ')

// Processes that have just started are slower.
for (let i = 0; i < 6; i++) await timed()
const idle: number[] = []
for (let i = 0; i < runs; i++) idle.push(await timed())
const large = await start('large', 'large', Number(values.lanes))
await until('the large job indexes', async () => (await statusOf(large)).phase === 'INDEXING', 60_000)
const parts = ['chunks', 'embeds and indexes', 'finishes'] as const
const done = async (phase: string) => {
  const { phase_details } = await statusOf(large)
  const one = phase_details.find(({ name }) => name === phase)
  return one?.items_total != null && one.items_processed >= one.items_total
}
const partNow = async () => parts[(await done('INDEXING')) ? 2 : (await done('CHUNKING')) ? 1 : 0]!
const beside = new Map<string, number[]>(parts.map(part => [part, []]))
for (;;) {
  const part = await partNow()
  const ms = await timed()
  if ((await statusOf(large)).status !== 'running') break
  beside.get(part === parts[1] ? await partNow() : part)!.push(ms)
}
const ended = await penstock.ended(large, 600_000)
console.log(`the large job: ${ended.metrics.chunks} chunks on ${values.lanes} lanes, ${ended.status}`)
console.log(`the small job on the idle system: median ${Math.round(median(idle))} ms of ${shown(idle)}`)
for (const [part, list] of beside) {
  if (list.length === 0) continue
  const [times, most] = [median(list), Math.max(...list)].map(ms => (ms / median(idle)).toFixed(2))
  console.log(
    `while the large one ${part}: ratio ${times}, at most ${most}; median ${Math.round(median(list))} ms of ${shown(list)}`,
  )
}
await penstock.close()
await postgres.stop()
await provider.close()
