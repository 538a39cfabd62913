/**
 * How often the true end of a job lies within the range that its status gave: runs jobs of differing shapes one after
 * the other, looks at their status every 200 ms, and holds each range that was given after the first tenth of the job
 * against its end. What `progress` said is read beside, and replayed: the same looks, without the machine's hiccups.
 *
 *     npm run bench:eta [-- --only 3,7] [--record]
 *     npm run bench:eta -- --replay
 *
 * `--record` writes the runs to test/coordinator/recorded, which a test replays; `--replay` judges those, and runs
 * nothing. Shares are of all ranges given; width and miss are means, in per cent of the job's duration.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { eventsOf, type Judged, judge, meanOf, type Recorded, recordedOf } from '../test/coordinator/replay.ts'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { dimensions, filesOf, shapes } from './shapes.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    record: { type: 'boolean', default: false },
    replay: { type: 'boolean', default: false },
  },
})
const folder = resolve(import.meta.dirname, '../test/coordinator/recorded')
const percent = (share: number) => `${(100 * share).toFixed(1)} %`
const sum = (all: readonly Judged[], of: (one: Judged) => number) => all.reduce((total, one) => total + of(one), 0)
const told = (all: readonly Judged[]) => {
  const given = sum(all, one => one.given)
  return (
    `within ${percent(sum(all, one => one.within) / given)} of ${given} ranges ` +
    `(${sum(all, one => one.tooSoon)} ended too soon, ${sum(all, one => one.tooLate)} began too late), ` +
    `${percent(given / sum(all, one => one.looks))} of the looks had one, ` +
    `width ${percent(meanOf(all.flatMap(one => one.widths)))}, miss ${percent(meanOf(all.flatMap(one => one.misses)))}`
  )
}
const replayed: Judged[] = []
const replay = (recorded: Recorded) => {
  const judged = judge(eventsOf(recorded), recorded.completedAt)
  replayed.push(judged)
  const seconds = (recorded.completedAt / 1000).toFixed(1)
  console.log(`${recorded.shape}; ${seconds} s, ${recorded.reports.length} reports\n  replayed: ${told([judged])}`)
}

if (values.replay)
  for (const file of readdirSync(folder).sort()) replay(JSON.parse(readFileSync(resolve(folder, file), 'utf8')))
else await run()
console.log(`all, replayed: ${told(replayed)}`)

async function run() {
  const provider = await startEmbeddingServer({ dimensions })
  const postgres = await startTestPostgres()
  const penstock = await openInstallation(
    ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'],
    { OPENAI_BASE_URL: provider.baseUrl, PENSTOCK_EMBEDDING_BATCH: '16' },
    () => testDatabase(postgres.url),
  )
  const only = values.only?.split(',').map(Number)
  const live: Judged[] = []
  try {
    for (const [n, shape] of shapes.entries()) {
      if (only && !only.includes(n)) continue
      const { parallelism, latencyMs, answer = () => ({ kind: 'vectors' }) } = shape
      for (const [name, text] of filesOf(shape, n)) penstock.write(`${n}/${name}`, text)
      provider.answer = (_, number) => answer(number)
      const { job_id } = await penstock.client.ingest({
        body: {
          kb_id: `shape${n}`,
          sources: [{ type: 'markdown', path: `${penstock.corpus}/${n}` }],
          chunking: { strategy: 'markdown', chunk_size: 128, chunk_overlap: 0 },
          embedding: { provider: 'openai', model: `shape${n}`, dimensions },
          parallelism,
        },
      })
      const seen: { at: number; earliest: number; expected: number; latest: number }[] = []
      const all: number[] = []
      let job = await penstock.client.job({ params: { job_id } })
      while (job.completed_at === null) {
        provider.latencyMs = latencyMs(job.progress)
        const at = Date.now()
        all.push(at)
        if (job.eta) {
          const [earliest, expected, latest] = [job.eta.earliest, job.eta.expected, job.eta.latest].map(Date.parse)
          seen.push({ at, earliest: earliest!, expected: expected!, latest: latest! })
        }
        await delay(200)
        job = await penstock.client.job({ params: { job_id } })
      }
      if (job.status !== 'completed') throw new Error(`${shape.name}: ${job.status}, ${job.error?.message}`)
      const from = Date.parse(job.started_at!)
      const to = Date.parse(job.completed_at)
      const later = (at: number) => at > from + (to - from) / 10
      const judged = seen.filter(({ at }) => later(at))
      const tooSoon = judged.filter(one => one.latest < to).length
      const tooLate = judged.filter(one => one.earliest > to).length
      live.push({
        looks: all.filter(later).length,
        given: judged.length,
        within: judged.length - tooSoon - tooLate,
        tooSoon,
        tooLate,
        widths: judged.map(one => (one.latest - one.earliest) / (to - from)),
        misses: judged.map(one => Math.abs(one.expected - to) / (to - from)),
      })
      await penstock.ledger.caughtUp()
      const reports = penstock.ledger.of(job_id).map(({ at: _, timestamp: at, ...report }) => ({ at, report }))
      const recorded = recordedOf(shape.name, { lanes: job.lanes, from, to }, reports)
      replay(recorded)
      console.log(`  live: ${told(live.slice(-1))}`)
      if (values.record) writeFileSync(resolve(folder, `${String(n).padStart(2, '0')}.json`), JSON.stringify(recorded))
    }
    console.log(`all, live: ${told(live)}`)
  } finally {
    await penstock.close()
    await postgres.stop()
    await provider.close()
  }
}
