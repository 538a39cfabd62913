import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '../src/api/client.ts'
import { kafkaBrokers, registryUrl } from './kit/kafka.ts'
import { ended, main, runPenstock } from './kit/penstock.ts'
import { testDatabase } from './kit/postgres.ts'
import { commandOf, gone, hasTermPending, runs, treeOf } from './kit/process-tree.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'
import { until } from './kit/until.ts'
import { embeddedContents, startUp, type Up } from './kit/up.ts'

const { folder, remove } = temporaryFolder('up')
const corpus = join(folder, 'corpus')
const files = 160
const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL, ...inherited } = process.env
const environment = {
  ...inherited,
  PENSTOCK_DATA_DIR: join(folder, 'data'),
  PENSTOCK_FILE_ROOTS: corpus,
  PENSTOCK_PORT: '0',
  PENSTOCK_LOG_LEVEL: 'warn',
}

const run = (args: readonly string[], env: NodeJS.ProcessEnv = environment) => runPenstock(args, folder, env)

let up: Up
let url: string
let client: Client
const start = async (env: NodeJS.ProcessEnv = environment, ...flags: readonly string[]) => {
  up = await startUp(folder, env, ...flags)
  ;({ url, client } = up)
}

const chunking = { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 } as const
const ingest = async (kb_id: string) => {
  const sources = [{ type: 'markdown' as const, path: corpus }]
  return (await client.ingest({ body: { kb_id, sources, chunking } })).job_id
}
const completed = async (job_id: string) => {
  await until(
    'the job is completed',
    async () => {
      const job = await client.job({ params: { job_id } })
      if (['failed', 'cancelled'].includes(job.status)) throw new Error(JSON.stringify(job))
      return job.status === 'completed'
    },
    90_000,
  )
  return client.job({ params: { job_id } })
}

const contents = (kb: string) => embeddedContents(environment.PENSTOCK_DATA_DIR, kb)

afterAll(remove)

// The process tree is read from /proc.
describe.runIf(process.platform === 'linux')('penstock up', () => {
  beforeAll(async () => {
    mkdirSync(corpus, { recursive: true })
    for (let i = 0; i < files; i++) {
      const parts = Array.from({ length: 15 }, (_, p) => `## Part ${p}\n\n${`lorem${i} ipsum${p} dolor `.repeat(12)}`)
      writeFileSync(join(corpus, `f${String(i).padStart(3, '0')}.md`), `# File ${i}\n\n${parts.join('\n\n')}\n`)
    }
    writeFileSync(join(corpus, 'zz-last.md'), '# Last\n\nThe quetzal sleeps at noon.\n')
    await start()
  })
  afterAll(async () => {
    up.child.kill('SIGTERM')
    await ended(up)
  })

  test('says where it answers, and is found by its data folder alone', async () => {
    expect(up.output().match(/Penstock is ready at http:\/\/127\.0\.0\.1:\d+\n/g)).toHaveLength(1)
    const { PENSTOCK_PORT: _, ...byFolder } = environment
    const { code, output } = await ended(run(['status', '--json'], byFolder))
    expect({ code, output: JSON.parse(output) }).toEqual({ code: 0, output: { jobs: [], next: null } })
  })

  test('a second one on the same data folder is refused with the address of the first', async () => {
    const { code, output } = await ended(run(['up']))
    expect(code).toBe(1)
    expect(output).toContain(`Penstock already runs`)
    expect(output).toContain(url)
  })

  test('after kill -9 of the whole tree in the middle of a job, the next one finishes it whole', {
    timeout: 200_000,
  }, async () => {
    const reference = await completed(await ingest('undisturbed'))
    expect(reference.metrics).toMatchObject({ documents: files + 1, rejected: 0 })

    const job_id = await ingest('killed')
    await until(
      'work in the middle',
      async () => {
        const { status, phase_details } = await client.job({ params: { job_id } })
        if (status === 'completed') throw new Error('The job ended before it was disturbed.')
        return phase_details.some(({ name, items_processed }) => name === 'CHUNKING' && items_processed > 0)
      },
      60_000,
    )
    const tree = treeOf(up.child.pid!)
    expect(tree.length).toBeGreaterThanOrEqual(6)
    for (const pid of tree) process.kill(pid, 'SIGKILL')
    await gone(tree)

    await start()
    const job = await completed(job_id)
    expect(job.metrics).toMatchObject({ documents: files + 1, chunks: reference.metrics.chunks, rejected: 0 })
    const [killed, undisturbed] = [await contents('killed'), await contents('undisturbed')]
    expect(undisturbed).toHaveLength(reference.metrics.chunks)
    expect(killed).toEqual(undisturbed)
    const { hits } = await client.search({ body: { kb_id: 'killed', query: 'quetzal at noon', top_k: 1 } })
    expect(hits[0]?.uri).toContain('zz-last.md')
  })

  test('after kill -9 of the parent alone, the next one ends what was left and goes on', {
    timeout: 120_000,
  }, async () => {
    const children = treeOf(up.child.pid!).slice(1)
    const before = url
    const slow = children.find(pid => commandOf(pid).includes(' run api '))!
    process.kill(slow, 'SIGSTOP')
    up.child.kill('SIGKILL')
    await up.closed
    const asked = until('what was left is asked to end', () => hasTermPending(slow), 30_000)
    await Promise.all([start(), asked.finally(() => process.kill(slow, 'SIGCONT'))])
    expect(url, 'the port is free again when the next one chooses its own').toBe(before)
    await gone(children)
    expect(await client.knowledgeBase({ params: { kb_id: 'killed' } })).toMatchObject({ documents: files + 1 })
    expect(await contents('killed')).toEqual(await contents('undisturbed'))
  })

  test('a paused job stays paused through a kill -9 of everything, and ends whole after its resume', {
    timeout: 180_000,
  }, async () => {
    const job_id = await ingest('paused')
    await client.pause({ params: { kb_id: 'paused' }, body: {} })
    const status = async () => client.job({ params: { job_id } })
    await until('the pause', async () => (await status()).status === 'paused', 30_000)
    const before = await status()
    const tree = treeOf(up.child.pid!)
    for (const pid of tree) process.kill(pid, 'SIGKILL')
    await gone(tree)
    await start()
    // Another job goes through every stage meanwhile.
    await completed(await ingest('meanwhile'))
    expect((await status()).status).toBe('paused')
    expect((await status()).phase_details.map(({ items_processed }) => items_processed)).toEqual(
      before.phase_details.map(({ items_processed }) => items_processed),
    )
    await client.resume({ params: { kb_id: 'paused' }, body: {} })
    await completed(job_id)
    expect(await contents('paused')).toEqual(await contents('undisturbed'))
  })

  test('Ctrl-C ends everything within 10 s, with exit code 0', { timeout: 60_000 }, async () => {
    const tree = treeOf(up.child.pid!)
    const asked = performance.now()
    up.child.kill('SIGINT')
    expect((await ended(up)).code).toBe(0)
    expect(performance.now() - asked).toBeLessThan(10_000)
    expect(tree.filter(runs)).toEqual([])
  })

  test('Ctrl-C during the start gives it up, and leaves nothing running', { timeout: 60_000 }, async () => {
    const starting = run(['up'])
    await until('children are started', () => treeOf(starting.child.pid!).length >= 4, 30_000)
    const tree = treeOf(starting.child.pid!)
    starting.child.kill('SIGINT')
    const { code, output } = await ended(starting)
    expect(code).toBe(130)
    expect(output).not.toContain('ready')
    expect(tree.filter(runs)).toEqual([])
  })

  test('a second Ctrl-C ends everything at once, also what hangs', { timeout: 60_000 }, async () => {
    const starting = run(['up'])
    const parts = () => treeOf(starting.child.pid!).filter(pid => /kafka\.Kafka|embedded-main/.test(commandOf(pid)))
    await until('parts are started', () => parts().length === 2, 30_000)
    const tree = treeOf(starting.child.pid!)
    for (const pid of parts()) process.kill(pid, 'SIGSTOP')
    starting.child.kill('SIGINT')
    starting.child.kill('SIGTERM')
    expect((await ended(starting)).code).toBe(130)
    await gone(tree).finally(() => {
      for (const pid of tree.filter(runs)) process.kill(pid, 'SIGKILL')
    })
  })

  test('with services of its own it starts no embedded one, and ends when its terminal is closed', {
    timeout: 60_000,
  }, async () => {
    const [brokers, registry, database] = await Promise.all([kafkaBrokers(), registryUrl(), testDatabase()])
    const dataDir = join(folder, 'given')
    const given = { KAFKA_BROKERS: brokers.join(','), SCHEMA_REGISTRY_URL: registry, DATABASE_URL: database.url }
    await start({ ...environment, PENSTOCK_DATA_DIR: dataDir, ...given }, '--json')
    expect(up.output()).not.toContain('Penstock is ready')
    const tree = treeOf(up.child.pid!)
    const words = (pid: number) =>
      commandOf(pid)
        .split(' ')
        .filter(word => !word.startsWith('--'))
    const roles = tree.slice(1).map(pid => words(pid).slice(1, 3))
    expect(roles).toEqual([
      [main, 'run'],
      [main, 'run'],
    ])
    for (const part of ['kafka', 'registry', 'database']) expect(existsSync(join(dataDir, part)), part).toBe(false)
    expect(await client.jobs({ query: {} })).toMatchObject({ jobs: [] })

    up.child.kill('SIGHUP')
    expect((await ended(up)).code).toBe(0)
    expect(tree.filter(runs)).toEqual([])
    await database.drop()
  })
})
