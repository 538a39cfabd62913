/**
 * How long a pause takes, and what it costs others: two jobs run, one of them is paused at a random moment and resumed,
 * over and over. Prints what was done of the paused job after it was called paused (nothing, else exit code 1), the
 * times from request to PAUSED, and the pace of the other job meanwhile against its pace while both run.
 *
 *     npm run bench:gates -- [--pauses 200] [--seed 1]
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'

const { values } = parseArgs({
  options: { pauses: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
})
const pauses = Number(values.pauses)
const documents = 1_200
const dimensions = 16
const latencyMs = 100
const watchMs = 300

let state = Number(values.seed)
const random = () => {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
  return state / 2_147_483_648
}

const provider = await startEmbeddingServer({ dimensions })
provider.latencyMs = latencyMs
const postgres = await startTestPostgres()
const penstock = await openInstallation(
  ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'embedding', 'indexing', 'finishing'],
  { OPENAI_BASE_URL: provider.baseUrl, PENSTOCK_EMBEDDING_BATCH: '16' },
  () => testDatabase(postgres.url),
)
for (let i = 0; i < documents; i++) {
  const words = (p: number) => Array.from({ length: 50 }, (_, w) => `word${(i * 7919 + p * 31 + w * 104_729) % 9000}`)
  const parts = Array.from({ length: 20 }, (_, p) => `## Part ${p}\n\n${words(p).join(' ')}`)
  penstock.write(`d${i}.md`, [`# Document ${i}`, ...parts].join('\n\n'))
}

const { client, ledger } = penstock
let runs = 0
const start = async () => {
  const kb = `job${++runs}`
  const { job_id } = await client.ingest({
    body: {
      kb_id: kb,
      sources: [{ type: 'markdown', path: penstock.corpus }],
      chunking: { strategy: 'markdown', chunk_size: 128, chunk_overlap: 0 },
      embedding: { provider: 'openai', model: kb, dimensions },
      parallelism: 2,
    },
  })
  return { kb, id: job_id }
}
type Running = Awaited<ReturnType<typeof start>>
const statusOf = (job: Running) => client.job({ params: { job_id: job.id } })
const asked = (job: Running) => provider.requests.filter(({ body }) => body.model === job.kb)
const doneOf = async (job: Running) => {
  await ledger.caughtUp()
  return { calls: asked(job).length, slices: ledger.of(job.id).length }
}

const percentile = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)]!
const times: number[] = []
const pace = { both: { texts: 0, ms: 0 }, alone: { texts: 0, ms: 0 } }
let after = 0
let late = 0

const measured = async (job: Running, into: { texts: number; ms: number }, work: () => Promise<unknown>) => {
  const began = performance.now()
  const before = asked(job).length
  await work()
  into.texts += asked(job)
    .slice(before)
    .reduce((sum, { texts }) => sum + texts.length, 0)
  into.ms += performance.now() - began
}

let jobs = [await start(), await start()]
for (let i = 0; i < pauses; i++) {
  for (const [n, job] of jobs.entries()) {
    const { status } = await statusOf(job)
    if (status === 'completed') jobs = jobs.with(n, await start())
    else if (status !== 'running' && status !== 'pending') throw new Error(`${job.kb} is ${status}`)
  }
  const [job, other] = random() < 0.5 ? [jobs[0]!, jobs[1]!] : [jobs[1]!, jobs[0]!]
  await measured(other, pace.both, () => delay(100 + random() * 400))
  const began = performance.now()
  try {
    await client.pause({ params: { kb_id: job.kb }, body: {} })
  } catch (error) {
    late++ // It has just completed.
    if ((await statusOf(job)).status !== 'completed') throw error
    continue
  }
  let status = await statusOf(job)
  while (status.status === 'running') {
    await delay(5)
    status = await statusOf(job)
  }
  if (status.status === 'completed') {
    late++
    continue
  }
  times.push(performance.now() - began)
  const before = await doneOf(job)
  await measured(other, pace.alone, () => delay(watchMs))
  const now = await doneOf(job)
  const done = now.calls - before.calls + now.slices - before.slices
  after += done
  if (done > 0) console.log(`pause ${i} of ${job.kb}: ${JSON.stringify({ status, before, now })}`)
  await client.resume({ params: { kb_id: job.kb }, body: {} })
  if ((i + 1) % 20 === 0) console.log(`${i + 1} of ${pauses}`)
}
provider.latencyMs = 0
for (const job of jobs) {
  const ended = await penstock.ended(job.id, 600_000)
  console.log(
    `${job.kb}: ${ended.status}, ${ended.metrics.documents} documents, faults: ${ledger.faults(job.id).length}`,
  )
}
times.sort((a, b) => a - b)
const perSecond = ({ texts, ms }: { texts: number; ms: number }) => (1000 * texts) / ms
console.log(
  `${times.length} pauses (seed ${values.seed}; ${late} came after the end): request to PAUSED p50 ${Math.round(percentile(times, 0.5))} ms, ` +
    `p95 ${Math.round(percentile(times, 0.95))} ms, max ${Math.round(times.at(-1)!)} ms`,
)
console.log(`model calls and commits of a paused job: ${after}`)
console.log(
  `the other job: ${perSecond(pace.both).toFixed(0)} texts/s while both run, ${perSecond(pace.alone).toFixed(0)} while one stands ` +
    `(ratio ${(perSecond(pace.alone) / perSecond(pace.both)).toFixed(2)})`,
)
await penstock.close()
await postgres.stop()
await provider.close()
process.exitCode = after === 0 ? 0 : 1
