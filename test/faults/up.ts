/**
 * Kills a `penstock up` on its embedded parts again and again in the middle of one ingest, starts it anew each time on the
 * same data folder, and holds what it has stored in the end against an ingest that nothing disturbed.
 *
 *     npm run faults:up [-- --kills 20] [--seed 1]
 *
 * The seed decides when each kill comes, from the first moments of a start to seconds of work, and whether it takes the
 * whole tree of processes, as the loss of power would, or the parent alone, whose children the next start has to end.
 * Ends with 1 when the two differ, or the ingest ended before all kills had come.
 */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Run, runPenstock } from '../kit/penstock.ts'
import { gone, runs, treeOf } from '../kit/process-tree.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { until } from '../kit/until.ts'
import { embeddedContents, readyUp, type Up } from '../kit/up.ts'
import { seeded } from './random.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
})
const [kills, seed] = [Number(values.kills), Number(values.seed)]
if (![kills, seed].every(value => Number.isSafeInteger(value) && value > 0)) {
  console.error('--kills and --seed take whole numbers above 0.')
  process.exit(2)
}

const random = seeded(seed)
const { folder, remove } = temporaryFolder('up-killed')
const dataDir = join(folder, 'data')
const corpus = join(folder, 'corpus')
const environment = {
  ...process.env,
  PENSTOCK_DATA_DIR: dataDir,
  PENSTOCK_FILE_ROOTS: corpus,
  PENSTOCK_PORT: '0',
  PENSTOCK_LOG_LEVEL: 'warn',
}
const chunking = { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 } as const
/** As much work as the time between the kills takes, and more. */
const files = 300 * kills

const write = () => {
  mkdirSync(corpus, { recursive: true })
  for (let i = 0; i < files; i++) {
    const parts = Array.from({ length: 12 }, (_, p) => `## Part ${p}\n\n${`lorem${i} ipsum${p} dolor `.repeat(12)}`)
    writeFileSync(join(corpus, `f${i}.md`), `# File ${i}\n\n${parts.join('\n\n')}\n`)
  }
}
let run: Run | null = null
const start = () => {
  run = runPenstock(['up'], folder, environment)
  return run
}
const ingest = async ({ client }: Up, kb_id: string) => {
  const body = { kb_id, sources: [{ type: 'markdown' as const, path: corpus }], chunking }
  return (await client.ingest({ body })).job_id
}
const completed = ({ client }: Up, job_id: string) =>
  until(
    'the end of the job',
    async () => {
      const job = await client.job({ params: { job_id } })
      assert.ok(!['failed', 'cancelled'].includes(job.status), JSON.stringify(job))
      return job.status === 'completed' ? job : null
    },
    600_000,
  )
const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1)
const kill = async (of: Run, whole: boolean) => {
  const tree = treeOf(of.child.pid!)
  for (const pid of whole ? tree : tree.slice(0, 1)) if (runs(pid)) process.kill(pid, 'SIGKILL')
  await (whole ? gone(tree) : of.closed)
  return tree
}

/** Every process that any of the starts had. */
const started = new Set<number>()

/** Waits for a moment and tells which it is: in a start, before the lanes of dead workers come back, or in work. */
const moment = async (job_id: string): Promise<string> => {
  const which = random()
  const [inStart, inRecovery, inWork] = [random() * 6_000, random() * 6_000, random() * 1_500].map(Math.round)
  if (which < 0.2) {
    await delay(inStart)
    return `${inStart} ms into its start`
  }
  const { client } = await readyUp(run!)
  const look = () => client.job({ params: { job_id } })
  const done = (job: Awaited<ReturnType<typeof look>>) => {
    if (job.status === 'completed') throw new Error('The ingest ended before all kills had come: it takes more files.')
    return job.phase_details.reduce((sum, { items_processed }) => sum + items_processed, 0)
  }
  const before = done(await look())
  if (which < 0.35) {
    await delay(inRecovery)
    return `${inRecovery} ms after it was ready, at ${(await look()).progress} %`
  }
  const began = performance.now()
  await until('work', async () => done(await look()) > before, 60_000)
  recoveries.push((performance.now() - began) / 1000)
  await delay(inWork)
  return `${inWork} ms after work went on, at ${(await look()).progress} %`
}
/** Seconds from readiness to the first progress of the job. */
const recoveries: number[] = []

const disturb = async (job_id: string): Promise<Up> => {
  for (let n = 1; n <= kills; n++) {
    const when = await moment(job_id)
    const whole = random() < 0.6
    for (const pid of await kill(run!, whole)) started.add(pid)
    console.log(`${n}. kill -9 of ${whole ? 'the whole tree' : 'the parent alone'}, ${when}`)
    start()
  }
  const [median, most] = [recoveries.toSorted((a, b) => a - b)[recoveries.length >> 1], Math.max(...recoveries)]
  console.log(
    `${recoveries.length} of ${kills} came while the job was worked on. From readiness to its first progress: ` +
      `${median?.toFixed(1)} s in the median, ${most.toFixed(1)} s at most.`,
  )
  return readyUp(run!)
}

const play = async () => {
  write()
  console.log(`${files} files, ${kills} kills, seed ${seed}`)
  const first = await readyUp(start())
  let began = performance.now()
  const reference = await completed(first, await ingest(first, 'undisturbed'))
  console.log(`An undisturbed ingest took ${seconds(began)} s: ${reference.metrics.chunks} chunks.`)

  began = performance.now()
  const job_id = await ingest(first, 'killed')
  const last = await disturb(job_id)
  const began2 = performance.now()
  const job = await completed(last, job_id)
  console.log(`The disturbed one took ${seconds(began)} s, ${seconds(began2)} s of them after the last kill.`)

  assert.deepEqual(job.metrics.documents, reference.metrics.documents)
  assert.deepEqual(job.metrics.chunks, reference.metrics.chunks)
  const [killed, undisturbed] = [
    await embeddedContents(dataDir, 'killed'),
    await embeddedContents(dataDir, 'undisturbed'),
  ]
  assert.equal(undisturbed.length, reference.metrics.chunks)
  assert.deepEqual(killed, undisturbed)
  for (const kb_id of ['killed', 'undisturbed']) {
    const { differences, not_compared } = await last.client.verify({ params: { kb_id }, query: {} })
    assert.deepEqual([...differences, ...not_compared], [])
  }
  const own = new Set(treeOf(run!.child.pid!))
  assert.deepEqual(
    [...started].filter(pid => runs(pid) && !own.has(pid)),
    [],
    'processes of starts that were killed',
  )
  console.log(`${killed.length} chunks, each as in the undisturbed ingest; verify finds nothing.`)
}

try {
  await play()
} finally {
  if (run) await kill(run, true)
  for (const pid of started) if (runs(pid)) process.kill(pid, 'SIGKILL')
  remove()
}
