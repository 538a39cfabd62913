import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Client, createClient } from '../../src/api/client.ts'
import { environmentOf, loadConfig } from '../../src/config.ts'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import { openDatabase } from '../../src/database.ts'
import { openKafka } from '../../src/kafka/kafkajs.ts'
import { migrateUp } from '../../src/migrate.ts'
import { roleProcess } from '../../src/role-process.ts'
import type { Role } from '../../src/roles.ts'
import { openCodec } from '../../src/schemas/registry.ts'
import { topics } from '../../src/schemas/topics.ts'
import { lastLines } from '../../src/supervisor/log-file.ts'
import { freePort } from '../../src/supervisor/ports.ts'
import type { RunningProcess } from '../../src/supervisor/spawn-child.ts'
import { contentsOf } from './contents.ts'
import { startTestKafka, startTestRegistry } from './kafka.ts'
import { openLedger } from './ledger.ts'
import { silent } from './log.ts'
import { testDatabase } from './postgres.ts'
import { runs } from './process-tree.ts'
import { asStored, type ReferenceChunk, storedVectors } from './reference.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'
import { nameFor, openWitness } from './witness.ts'

/** How often a job is asked for, in ms: each look is a request and a query on the machine that is tested. */
const lookMs = 25

export interface Worker {
  readonly role: Role
  /** By which the provider and the database can tell it from others; the process that replaces it has another one. */
  readonly name: string
  readonly pid: number
  /** The end of its log. */
  log(): string
  /** Ends it as kill -9 does, calls `dead`, and starts another in its place; resolves when that one is ready. */
  replace(dead?: () => void): Promise<void>
  /** Waits for the end that something else brought about, calls `dead`, and starts another in its place. */
  revive(dead?: () => void): Promise<void>
  /** Ends it as an operator does and starts another in its place; tells how it ended, and in how many ms. */
  restart(): Promise<{ readonly outcome: string; readonly ms: number }>
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
}

/**
 * Penstock as it is run for real: a Kafka, a registry and a PostgreSQL with pgvector of its own, and every role a
 * process. `close` ends all of it and leaves nothing behind; so does an opening that fails.
 */
export const openInstallation = async (
  roles: readonly Role[],
  settings: Readonly<Record<string, string>> = {},
  makeDatabase = () => testDatabase(),
  makeKafka = () => startTestKafka(),
) => {
  const ends: End[] = []
  const close = async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  }
  try {
    return Object.assign(await opening(roles, settings, makeDatabase, makeKafka, ends), { close })
  } catch (error) {
    const [ended] = await Promise.allSettled([close()])
    throw ended.status === 'fulfilled' ? error : new AggregateError([error, ended.reason], String(error))
  }
}

/** Ends something that was opened; what was opened last is ended first. */
type End = () => unknown

/** The results of all, or the first error when none of them is under way any more. */
const whole = async <const T extends readonly unknown[]>(all: T) => {
  await Promise.allSettled(all)
  return Promise.all(all)
}

const opening = async (
  roles: readonly Role[],
  settings: Readonly<Record<string, string>>,
  makeDatabase: () => ReturnType<typeof testDatabase>,
  makeKafka: () => ReturnType<typeof startTestKafka>,
  ends: End[],
) => {
  const { folder, remove } = temporaryFolder('installation')
  ends.push(remove)
  const ended = async <T>(starting: Promise<T>, end: (started: T) => Promise<unknown>): Promise<T> => {
    const started = await starting
    ends.push(() => end(started))
    return started
  }
  const [kafka, registry, database] = await whole([
    ended(makeKafka(), one => one.stop()),
    ended(startTestRegistry(), one => one.stop()),
    ended(makeDatabase(), one => one.drop()),
  ])
  const corpus = join(folder, 'corpus')
  mkdirSync(corpus)
  const port = await freePort()
  const environment = {
    ...environmentOf(
      loadConfig({ env: process.env, cwd: folder, flags: { dataDir: folder, fileRoots: [corpus], port } }),
    ),
    KAFKA_BROKERS: kafka.brokers.join(','),
    SCHEMA_REGISTRY_URL: registry.url,
    DATABASE_URL: database.url,
    PENSTOCK_SESSION_TIMEOUT_MS: '6000',
    PENSTOCK_LOG_FORMAT: 'json',
    ...settings,
  }
  const opened = await ended(openDatabase({ url: database.url, poolMax: 2, log: silent }), one => one.close())
  await migrateUp(opened)
  const witness = await openWitness(opened.pool)

  const processes = new Map<Worker, RunningProcess>()
  const replacing: Promise<RunningProcess>[] = []
  const start = (role: Role, i: number, name: string): Promise<RunningProcess> =>
    roleProcess({
      roles: [role],
      environment: { ...environment, ...nameFor(name), OPENAI_API_KEY: name },
      logFile: join(folder, `${role}-${i}.log`),
      pidFile: join(folder, `${role}-${i}.pid`),
    }).start(new AbortController().signal)
  let employed = 0
  const employ = async (role: Role): Promise<Worker> => {
    const i = employed++
    let life = 1
    const worker: Worker = {
      role,
      get name() {
        return `${role}-${i}.${life}`
      },
      log: () => lastLines(join(folder, `${role}-${i}.log`), 40),
      get pid() {
        return processes.get(worker)!.pid
      },
      replace(dead) {
        process.kill(worker.pid, 'SIGKILL')
        return worker.revive(dead)
      },
      async revive(dead) {
        await processes.get(worker)!.ended
        dead?.()
        life++
        const starting = start(role, i, worker.name)
        replacing.push(starting)
        processes.set(worker, await starting)
      },
      async restart() {
        const asked = performance.now()
        const ending = processes.get(worker)!
        process.kill(ending.pid, 'SIGTERM')
        const outcome = await ending.outcome
        const ms = performance.now() - asked
        life++
        processes.set(worker, await start(role, i, worker.name))
        return { outcome, ms }
      },
      signal: name => void process.kill(worker.pid, name),
    }
    processes.set(worker, await start(role, i, worker.name))
    return worker
  }
  ends.push(() => Promise.all([...processes.values()].map(one => one.stop())))
  await whole(roles.map(employ))
  const broker = await ended(openKafka({ brokers: kafka.brokers, allowOffsetExpiry: true }), one => one.close())
  const ledger = await ended(openLedger(broker, await openCodec({ url: registry.url, topics })), one => one.close())
  ends.push(() => Promise.allSettled(replacing))
  const url = `http://127.0.0.1:${port}`
  const client: Client = createClient(url)

  /** The job when it has ended; meanwhile a condition may be waited for. */
  const jobThat = async (
    id: string,
    what: string,
    holds: (job: JobStatus) => boolean | Promise<boolean>,
    withinMs = 60_000,
  ) => {
    let last: JobStatus | null = null
    await until(
      what,
      async () => {
        last = await client.job({ params: { job_id: id } }).catch(() => last)
        return last !== null && holds(last)
      },
      withinMs,
      lookMs,
    ).catch(error => {
      const logs = readdirSync(folder).filter(file => file.endsWith('.log'))
      const tails = logs.map(file => `--- ${file}\n${lastLines(join(folder, file), 4)}`).join('\n')
      throw new Error(`${error.message}\n${JSON.stringify(last, null, 1)}\n${tails}`)
    })
    return last! as JobStatus
  }

  return {
    corpus,
    url,
    broker,
    pool: opened.pool,
    /** Of Kafka and of the registry, as environment variables. */
    addresses: { KAFKA_BROKERS: kafka.brokers.join(','), SCHEMA_REGISTRY_URL: registry.url },
    client,
    ledger,
    witness,
    committed: (stage: string, topic: string, lane: number) => broker.committed(stage, topic, lane),
    registry,
    /** Kafka is killed, stays away for as long as `away` lasts, and comes back. */
    async restartKafka(away: () => Promise<void> = async () => undefined) {
      await kafka.kill()
      await away()
      await kafka.revive()
    },
    /** Kafka stands still for as long as `work` lasts. */
    async withoutKafka(work: () => Promise<void>) {
      process.kill(kafka.pid, 'SIGSTOP')
      await work().finally(() => process.kill(kafka.pid, 'SIGCONT'))
    },
    get workers() {
      return [...processes.keys()]
    },
    /** One more worker of a role. */
    employ,
    /** Ends one as an operator does, for good. */
    async dismiss(worker: Worker) {
      await processes.get(worker)!.stop()
      processes.delete(worker)
    },
    /** Ends all workers of a role, as an operator would, until `serve`. */
    async stop(role: Role) {
      const workers = [...processes.keys()].filter(worker => worker.role === role)
      await Promise.all(workers.map(worker => processes.get(worker)!.stop()))
    },
    /** Starts them again. */
    async serve(role: Role) {
      const workers = [...processes.keys()].filter(worker => worker.role === role)
      for (const [i, worker] of workers.entries()) processes.set(worker, await start(role, i, worker.name))
    },
    /** Starts workers again that have ended by themselves; says which, and their last words. */
    async bringBack(): Promise<readonly string[]> {
      const gone = [...processes.keys()].filter(({ pid }) => !runs(pid))
      return Promise.all(
        gone.map(async worker => {
          const said = `${worker.name}: ${worker.log().split('\n').at(-1)}`
          await worker.revive()
          return said
        }),
      )
    },
    /** The coordinator that is the active one. */
    async activeCoordinator() {
      const { rows } = await opened.pool.query<{ holder: string }>(`select holder from lease where until > now()`)
      return [...processes.keys()].find(({ pid }) => rows[0]?.holder.endsWith(`-${pid}`)) ?? null
    },
    worker: (role: Role) => [...processes.keys()].find(worker => worker.role === role)!,
    jobThat,
    ended: (id: string, withinMs?: number) =>
      jobThat(id, 'the end of the job', job => job.completed_at !== null, withinMs),
    write(name: string, text: string | Buffer) {
      mkdirSync(dirname(join(corpus, name)), { recursive: true })
      writeFileSync(join(corpus, name), text)
    },
    contents: (kb: string) => contentsOf(opened.pool, kb),
    /** Versions with rows of which none is what readers see. */
    async halfWritten(kb: string) {
      const { rows } = await opened.pool.query(
        `select v.document_id, v.version from document_version v
         left join document d on d.kb_id = v.kb_id and d.document_id = v.document_id and d.active_version = v.version
         where v.kb_id = $1 and d.document_id is null`,
        [kb],
      )
      const {
        rows: [base],
      } = await opened.pool.query<{ number: number }>('select number from knowledge_base where id = $1', [kb])
      const orphans = await opened.pool.query(
        `select c.document_id, c.version from chunks_${base!.number} c
         left join document d on d.kb_id = $1 and d.document_id = c.document_id and d.active_version = c.version
         where d.document_id is null`,
        [kb],
      )
      return [...rows, ...orphans.rows]
    },
    vectors: (kb: string) => storedVectors(opened.pool, kb),
    vectorsOf: (reference: readonly ReferenceChunk[]) => asStored(opened.pool, reference),
  }
}

export type Installation = Awaited<ReturnType<typeof openInstallation>>
