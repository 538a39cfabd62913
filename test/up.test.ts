import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient } from '../src/api/client.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'
import { until } from './kit/until.ts'

const main = resolve(import.meta.dirname, '../src/main.ts')
const { folder, remove } = temporaryFolder('up')
const data = join(folder, 'data')
const corpus = join(folder, 'corpus')
const files = 160
const environment = {
  ...process.env,
  PENSTOCK_DATA_DIR: data,
  PENSTOCK_FILE_ROOTS: corpus,
  PENSTOCK_PORT: '0',
  PENSTOCK_LOG_LEVEL: 'warn',
}

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
}
const run = (args: readonly string[], env: NodeJS.ProcessEnv = environment): Run => {
  const child = spawn(process.execPath, [main, ...args], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (text: Buffer) => (output += text.toString()))
  return { child, output: () => output }
}
const ended = async ({ child, output }: Run) => {
  const code = child.exitCode ?? ((await once(child, 'close')) as [number | null])[0]
  return { code, output: output() }
}

let up: Run
let url: string
let client: Client
const start = async () => {
  up = run(['up'])
  await until(
    'up is ready',
    () => {
      if (up.child.exitCode !== null) throw new Error(`up ended:\n${up.output()}`)
      return up.output().includes('Penstock is ready at')
    },
    120_000,
  )
  url = /ready at (\S+)/.exec(up.output())![1]!
  client = createClient(url)
}

/** The ids of a process and of all that it started, directly or not. */
const treeOf = (root: number): number[] => {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch (error) {
      // It ended while the list was read.
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }
  const tree = [root]
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child)
  return tree
}
const runs = (pid: number) => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
const gone = (pids: readonly number[]) => until('all processes have ended', () => !pids.some(runs), 20_000)

const ingest = async (kb: string) =>
  (
    await client.ingest({
      body: {
        kb_id: kb,
        sources: [{ type: 'markdown', path: corpus }],
        chunking: { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 },
      },
    })
  ).job_id
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

afterAll(remove)

/** The process tree is read from /proc. */
const linux = process.platform === 'linux'

describe.runIf(linux)('penstock up', () => {
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
    if (up.child.exitCode === null) up.child.kill('SIGTERM')
    await ended(up)
  })

  test('says where it answers, and is found by its data folder alone', async () => {
    expect(up.output().match(/Penstock is ready at http:\/\/127\.0\.0\.1:\d+\n/g)).toHaveLength(1)
    const { PENSTOCK_PORT: _, ...byFolder } = environment
    const { code, output } = await ended(run(['kb', 'list', '--json'], byFolder))
    expect({ code, output: JSON.parse(output) }).toEqual({ code: 0, output: { knowledge_bases: [] } })
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
    await until('work in the middle', async () => {
      const { status, phase_details } = await client.job({ params: { job_id } })
      if (status === 'completed') throw new Error('The job ended before it was disturbed.')
      return phase_details.some(({ name, items_processed }) => name === 'CHUNKING' && items_processed > 0)
    })
    const tree = treeOf(up.child.pid!)
    expect(tree.length).toBeGreaterThanOrEqual(6)
    for (const pid of tree) process.kill(pid, 'SIGKILL')
    await gone(tree)

    await start()
    const job = await completed(job_id)
    expect(job.metrics).toMatchObject({ documents: files + 1, chunks: reference.metrics.chunks, rejected: 0 })
    const counts = async (kb_id: string) => {
      const { documents, chunks } = await client.knowledgeBase({ params: { kb_id } })
      return { documents, chunks }
    }
    expect(await counts('killed')).toEqual(await counts('undisturbed'))
    const { hits } = await client.search({ body: { kb_id: 'killed', query: 'quetzal at noon', top_k: 1 } })
    expect(hits[0]?.uri).toContain('zz-last.md')
  })

  test('after kill -9 of the parent alone, the next one ends what was left and goes on', {
    timeout: 120_000,
  }, async () => {
    const children = treeOf(up.child.pid!).slice(1)
    up.child.kill('SIGKILL')
    await ended(up)
    await start()
    await gone(children)
    expect(await client.knowledgeBase({ params: { kb_id: 'killed' } })).toMatchObject({ documents: files + 1 })
  })

  test('Ctrl-C ends everything, with exit code 0', { timeout: 60_000 }, async () => {
    const tree = treeOf(up.child.pid!)
    up.child.kill('SIGINT')
    expect((await ended(up)).code).toBe(0)
    await gone(tree)
  })
})

describe('penstock up on a machine that lacks something', () => {
  test('says that Java is missing, and what to install or to set instead', { timeout: 60_000 }, async () => {
    const { code, output } = await ended(
      run(['up'], { ...environment, PATH: '/nonexistent', JAVA_HOME: '', PENSTOCK_DATA_DIR: join(folder, 'no-java') }),
    )
    expect(code).toBe(1)
    expect(output).toMatch(/Java 17/)
    expect(output).toMatch(/KAFKA_BROKERS|SCHEMA_REGISTRY_URL/)
  })
})
