/**
 * Clients that pause, resume, cancel, retry and start two knowledge bases' jobs all at once, for minutes, with a provider
 * that now and then refuses the key, so that jobs fail and can be retried. Prints how many requests were accepted and
 * refused, and ends with 1 when an answer was neither, a refusal did not name the state, a job did not end as it was last
 * told, a slice was done twice or left out, or anything half written is left.
 *
 *     npm run bench:races -- [--minutes 5] [--clients 8] [--seed 1]
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ClientError } from '../src/api/client.ts'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { until } from '../test/kit/until.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    clients: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
  },
})
const dimensions = 16
/** What a refusal names. */
const states = /pending|running|paus|complete|failed|cancel|unfinished|given up|no job/
const kbs = ['raced-1', 'raced-2']
const phases = ['LOADING', 'CHUNKING', 'EMBEDDING', 'INDEXING', 'FINISHING'] as const

const provider = await startEmbeddingServer({ dimensions })
provider.latencyMs = 50
provider.answer = (_, number) =>
  number % 250 === 249 ? { kind: 'status', status: 401, message: 'Incorrect API key provided.' } : { kind: 'vectors' }
const postgres = await startTestPostgres()
const penstock = await openInstallation(
  ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'embedding', 'indexing', 'finishing'],
  { OPENAI_BASE_URL: provider.baseUrl, PENSTOCK_EMBEDDING_BATCH: '16' },
  () => testDatabase(postgres.url),
)
for (let i = 0; i < 200; i++) {
  const parts = Array.from({ length: 15 }, (_, p) => `## Part ${p}\n\n${`word${i} word${p} `.repeat(30)}`)
  penstock.write(`d${i}.md`, [`# Document ${i}`, ...parts].join('\n\n'))
}
const { client, ledger } = penstock
// With so many short jobs some are over, and their records deleted, before they are read.
ledger.acceptHoles()
const jobs = new Set<string>()
const start = async (kb_id: string, run: number) => {
  const { job_id } = await client.ingest({
    body: {
      kb_id,
      sources: [{ type: 'markdown', path: penstock.corpus }],
      // Other chunks in every run, so that there is work in each.
      chunking: { strategy: 'fixed', chunk_size: 64 + (run % 64), chunk_overlap: 0 },
      embedding: { provider: 'openai', model: kb_id, dimensions },
      parallelism: 2,
    },
  })
  jobs.add(job_id)
}
const counts = new Map<string, number>()
const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
const wrong: string[] = []
let runs = 0
const play = async (seed: number, untilMs: number) => {
  let state = seed
  const pick = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
  while (performance.now() < untilMs) {
    const kb_id = kbs[pick(2)]!
    const verb = (['pause', 'resume', 'pause', 'resume', 'resume', 'cancel', 'retry', 'start'] as const)[pick(8)]!
    const phase = pick(3) === 0 ? { phase: phases[pick(5)]! } : {}
    const params = { kb_id }
    try {
      if (verb === 'start') await start(kb_id, ++runs)
      else if (verb === 'cancel' && pick(40) > 0) continue
      else if (verb === 'cancel') await client.cancel({ params, body: {} })
      else await client[verb]({ params, body: phase })
      count(`${verb} accepted`)
    } catch (error) {
      if (!(error instanceof ClientError) || error.status !== 409) wrong.push(`${verb} ${kb_id}: ${error}`)
      else if (!states.test(error.message))
        wrong.push(`${verb} ${kb_id} was refused without its state: ${error.message}`)
      count(`${verb} refused`)
    }
    await delay(pick(100))
  }
}
for (const kb of kbs) await start(kb, ++runs)
const end = performance.now() + 60_000 * Number(values.minutes)
await Promise.all(Array.from({ length: Number(values.clients) }, (_, i) => play(Number(values.seed) * 1_000 + i, end)))

const newest = (kb_id: string) => client.kbStatus({ params: { kb_id } })
const last = new Map<string, string>()
provider.answer = () => ({ kind: 'vectors' })
// Nothing is said to a job before what was asked of it has come to be.
const settled = async (kb: string) => {
  const { pause, cancel } = await newest(kb)
  return cancel === null && (pause === null || pause.missing.length === 0)
}
for (const kb of kbs)
  await until(`${kb} to come to rest`, () => settled(kb), 60_000).catch(error => wrong.push(`${error}`))
for (const [kb_id, verb] of [
  [kbs[0]!, (await newest(kbs[0]!)).status === 'failed' ? 'retry' : 'resume'],
  [kbs[1]!, 'cancel'],
] as const) {
  const answer = await client[verb]({ params: { kb_id }, body: {} }).catch((error: ClientError) => error)
  last.set(kb_id, answer instanceof ClientError ? answer.message : `${verb} accepted`)
}
provider.latencyMs = 0
for (const kb of kbs) {
  const told = last.get(kb)!
  await until(`the end of ${kb}`, async () => (await newest(kb)).completed_at !== null, 300_000).catch(async error =>
    wrong.push(`${kb} after "${told}": ${error}, ${JSON.stringify(await newest(kb))}`),
  )
  const { status } = await newest(kb)
  console.log(`${kb}: last told "${told}", is ${status}`)
  const allowed = told.startsWith('cancel')
    ? ['cancelled', 'completed']
    : told.endsWith('accepted')
      ? ['completed']
      : null
  if (allowed && !allowed.includes(status)) wrong.push(`${kb} is ${status} after "${told}"`)
  for (const row of await penstock.halfWritten(kb)) wrong.push(`${kb} has half written ${JSON.stringify(row)}`)
}
await ledger.caughtUp()
for (const job of jobs) wrong.push(...ledger.faults(job))
const shown = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, n]) => `${what} ${n}`)
console.log(`${jobs.size} jobs; ${shown.join(', ')}; ${ledger.holes} holes in what was read of their slices`)
console.log(
  `wrong: ${wrong.length}${wrong
    .slice(0, 10)
    .map(one => `\n  ${one}`)
    .join('')}`,
)
await penstock.close()
await postgres.stop()
await provider.close()
process.exitCode = wrong.length === 0 ? 0 : 1
