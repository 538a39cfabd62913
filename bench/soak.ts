/**
 * Whether a Penstock that runs for long grows: every role is a process, at rest, then with jobs one after another (ingested
 * anew with changes, paused and resumed, cancelled, searched), then at rest again. Heap after a collection, sockets, timers
 * and wake-ups are sampled; their slopes are printed for each role and time of rest or work. At the end no transaction may
 * be open, neither in Kafka nor in PostgreSQL. Exit code 1 when one is, or when heap or sockets of a process go on growing.
 *
 *     npm run bench:soak -- [--idle 30] [--busy 60]      minutes; the time at rest is taken twice
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ClientError } from '../src/api/client.ts'
import { topics } from '../src/schemas/topics.ts'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { openInstallation, type Worker } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { temporaryFolder } from '../test/kit/temporary-folder.ts'
import { type Sample, sampleOf, slopeOf } from './soak-samples.ts'

const { values } = parseArgs({
  options: { idle: { type: 'string', default: '30' }, busy: { type: 'string', default: '60' } },
})
const minutes = { idle: Number(values.idle), busy: Number(values.busy) }
const everyMs = 20_000
const documents = 60
const dimensions = 16
const lanes = 16
/** The first third of a time is left out: pools and caches fill, compiled code settles. */
const settled = 1 / 3
const mayGrow = { heapMb: 8, sockets: 2 }
/** EMBEDDING keeps the vectors of recent texts, up to so many MB (`keptBytes` of models/batching.ts), and is filling that. */
const keptVectorsMb = 64

const samplesIn = temporaryFolder('soak')
const provider = await startEmbeddingServer({ dimensions })
provider.latencyMs = 50
const postgres = await startTestPostgres()
const penstock = await openInstallation(
  ['api', 'coordinator', 'intake', 'loading', 'chunking', 'embedding', 'indexing', 'tabulating', 'finishing'],
  {
    OPENAI_BASE_URL: provider.baseUrl,
    NODE_OPTIONS: `--import=${new URL('./soak-probe.ts', import.meta.url).href}`,
    SOAK_FOLDER: samplesIn.folder,
  },
  () => testDatabase(postgres.url),
)
const { client } = penstock
const began = performance.now()
const hours = () => (performance.now() - began) / 3_600_000

const write = (round: number) => {
  for (let i = 0; i < documents; i++) {
    const changed = i % 3 === round % 3 ? round : 0
    const words = (part: number) =>
      Array.from({ length: 40 }, (_, w) => `word${(i * 7919 + part * 31 + w * 104_729 + changed * 17) % 9000}`)
    penstock.write(
      `d${i}.md`,
      [`# Document ${i}`, ...[0, 1, 2].map(part => `## Part ${part}\n\n${words(part).join(' ')}`)].join('\n\n'),
    )
  }
}
const start = (kb: string) =>
  client.ingest({
    body: {
      kb_id: kb,
      sources: [{ type: 'markdown', path: penstock.corpus }],
      chunking: { strategy: 'markdown', chunk_size: 128, chunk_overlap: 0 },
      embedding: { provider: 'openai', model: kb, dimensions },
    },
  })

const counts = { jobs: 0, paused: 0, cancelled: 0, searches: 0, missed: 0 }
const ofSoak = { params: { kb_id: 'soak' }, body: {} }
/** A command that comes after the end of its job is refused, which is as it should be. */
const orLate = async (name: 'paused' | 'cancelled', command: Promise<unknown>) => {
  try {
    await command
    counts[name]++
    return true
  } catch (error) {
    if (!(error instanceof ClientError && error.status === 409)) throw error
    counts.missed++
    return false
  }
}
const work = async (untilHours: number) => {
  for (let round = 1; hours() < untilHours; round++) {
    write(round)
    const job = await start('soak')
    counts.jobs++
    await delay(300)
    if (round % 4 === 1 && (await orLate('paused', client.pause(ofSoak)))) await client.resume(ofSoak)
    if (round % 4 === 3) await orLate('cancelled', client.cancel(ofSoak))
    await penstock.ended(job.job_id, 300_000)
    for (let i = 0; i < 5; i++) {
      await client.search({ body: { kb_id: 'soak', query: `word${round * 13 + i} word7` } })
      counts.searches++
    }
    await delay(2_000)
  }
}

interface Time {
  readonly name: string
  readonly samples: Map<Worker, Sample[]>
}
const times: Time[] = []
const soak = async (name: string, length: number, during: (untilHours: number) => Promise<void>) => {
  console.log(`${name} for ${length} minutes`)
  const samples = new Map(penstock.workers.map(worker => [worker, [] as Sample[]]))
  times.push({ name, samples })
  const end = hours() + length / 60
  let broken: unknown = null
  const working = during(end).catch(error => {
    broken = error
  })
  while (hours() < end && broken === null) {
    for (const [worker, of] of samples) of.push(await sampleOf(worker.pid, samplesIn.folder, hours()))
    await delay(everyMs)
  }
  await working
  if (broken !== null) throw broken
}

/** Topics' lanes with a transaction that is not over: what is at their end cannot be read as committed. */
const openInKafka = async () => {
  const open: string[] = []
  for (const { name } of topics.filter(({ kind }) => kind === 'lanes'))
    for (let lane = 0; lane < lanes; lane++) {
      const { end } = await penstock.broker.range(name, lane)
      const follower = await penstock.broker.follow({
        topic: name,
        from: new Map([[lane, end]]),
        records: () => undefined,
        failed: () => undefined,
      })
      const read = await Promise.race([follower.caughtUp().then(() => true), delay(5_000, false)])
      if (!read) open.push(`${name} lane ${lane}`)
      await follower.stop()
    }
  return open
}
const openInPostgres = async () => {
  const { rows } = await penstock.pool.query<{ query: string }>(
    `select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
     and state like 'idle in transaction%' and state_change < now() - interval '10 seconds'`,
  )
  const prepared = await penstock.pool.query<{ gid: string }>('select gid from pg_prepared_xacts')
  return [...rows.map(({ query }) => query), ...prepared.rows.map(({ gid }) => gid)]
}

try {
  write(0)
  await penstock.ended((await start('soak')).job_id)
  await soak('at rest', minutes.idle, async () => undefined)
  await soak('at work', minutes.busy, work)
  await soak('at rest again', minutes.idle, async () => undefined)

  const signed = (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(1)}`
  console.log(
    '\n| time | role | heap, MB | MB an hour | resident, MB | sockets | an hour | timers | an hour | wake-ups/s |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|')
  const growing: string[] = []
  for (const { name, samples } of times)
    for (const [{ role }, all] of samples) {
      const late = all.slice(Math.floor(all.length * settled))
      const first = late[0]!
      const last = late.at(-1)!
      const slope = {
        heap: slopeOf(late, one => one.heapMb),
        sockets: slopeOf(late, one => one.sockets),
        timers: slopeOf(late, one => one.timers),
      }
      const wakes = (last.wakeUps - first.wakeUps) / ((last.at - first.at) * 3600)
      const heapMb = role === 'embedding' && name === 'at work' ? keptVectorsMb : mayGrow.heapMb
      if (slope.heap > heapMb || slope.sockets > mayGrow.sockets) growing.push(`${role} ${name}`)
      console.log(
        `| ${[name, role, last.heapMb.toFixed(1), signed(slope.heap), last.rssMb.toFixed(0), last.sockets, signed(slope.sockets), last.timers, signed(slope.timers), wakes.toFixed(1)].join(' | ')} |`,
      )
    }
  const open = [...(await openInKafka()), ...(await openInPostgres())]
  console.log(
    `\n${counts.jobs} jobs, ${counts.paused} paused, ${counts.cancelled} cancelled (${counts.missed} had ended before), ${counts.searches} searches`,
  )
  console.log(open.length === 0 ? 'no transaction is open' : `open: ${open.join('; ')}`)
  console.log(growing.length === 0 ? 'nothing grows' : `growing: ${growing.join('; ')}`)
  if (open.length + growing.length > 0) process.exitCode = 1
} finally {
  await penstock.close()
  await postgres.stop()
  await provider.close()
  samplesIn.remove()
}
