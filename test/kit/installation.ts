import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, createClient } from '../../src/api/client.ts'
import { environmentOf, loadConfig } from '../../src/config.ts'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import { openDatabase } from '../../src/database.ts'
import { migrateUp } from '../../src/migrate.ts'
import { roleProcess } from '../../src/role-process.ts'
import type { Role } from '../../src/roles.ts'
import { lastLines } from '../../src/supervisor/log-file.ts'
import { freePort } from '../../src/supervisor/ports.ts'
import type { RunningProcess } from '../../src/supervisor/spawn-child.ts'
import { startTestKafka, startTestRegistry } from './kafka.ts'
import { silent } from './log.ts'
import { testDatabase } from './postgres.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

export interface Worker {
  readonly role: Role
  readonly pid: number
  /** Ends it as kill -9 does and starts another in its place. */
  replace(): Promise<void>
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
}

/**
 * Penstock as it is run for real: a Kafka, a registry and a PostgreSQL with pgvector of its own, and every role a
 * process. `close` ends all of it and leaves nothing behind.
 */
export const openInstallation = async (roles: readonly Role[], settings: Readonly<Record<string, string>> = {}) => {
  const [kafka, registry, database] = await Promise.all([startTestKafka(), startTestRegistry(), testDatabase()])
  const { folder, remove } = temporaryFolder('installation')
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
  const opened = await openDatabase({ url: database.url, poolMax: 2, log: silent })
  await migrateUp(opened)

  const processes = new Map<Worker, RunningProcess>()
  const start = (role: Role, i: number): Promise<RunningProcess> =>
    roleProcess({
      roles: [role],
      environment,
      logFile: join(folder, `${role}-${i}.log`),
      pidFile: join(folder, `${role}-${i}.pid`),
    }).start(new AbortController().signal)
  const employ = async (role: Role, i: number): Promise<void> => {
    const worker: Worker = {
      role,
      get pid() {
        return processes.get(worker)!.pid
      },
      async replace() {
        process.kill(worker.pid, 'SIGKILL')
        await processes.get(worker)!.ended
        processes.set(worker, await start(role, i))
      },
      signal: name => void process.kill(worker.pid, name),
    }
    processes.set(worker, await start(role, i))
  }
  await Promise.all(roles.map(employ))
  const client: Client = createClient(`http://127.0.0.1:${port}`)

  /** The job when it has ended; meanwhile a condition may be waited for. */
  const jobThat = async (id: string, what: string, holds: (job: JobStatus) => boolean, withinMs = 60_000) => {
    let last: JobStatus | null = null
    await until(
      what,
      async () => {
        last = await client.job({ params: { job_id: id } }).catch(() => last)
        return last !== null && holds(last)
      },
      withinMs,
    ).catch(error => {
      const logs = readdirSync(folder).filter(file => file.endsWith('.log'))
      const tails = logs.map(file => `--- ${file}\n${lastLines(join(folder, file), 4)}`).join('\n')
      throw new Error(`${error.message}\n${JSON.stringify(last, null, 1)}\n${tails}`)
    })
    return last! as JobStatus
  }

  return {
    corpus,
    client,
    workers: [...processes.keys()],
    worker: (role: Role) => [...processes.keys()].find(worker => worker.role === role)!,
    jobThat,
    ended: (id: string, withinMs?: number) =>
      jobThat(id, 'the end of the job', job => job.completed_at !== null, withinMs),
    write: (name: string, text: string | Buffer) => writeFileSync(join(corpus, name), text),
    /** Every visible chunk of a kb with its vector, by what does not depend on the kb's name. */
    async contents(kb: string): Promise<string[]> {
      const {
        rows: [base],
      } = await opened.pool.query('select number from knowledge_base where id = $1', [kb])
      const { rows } = await opened.pool.query<{ line: string }>(
        `select concat_ws(' ', d.uri, c.position, md5(c.text), md5(c.embedding::text)) as line
         from chunks_${base.number} c join document d using (document_id)
         where d.kb_id = $1 and d.active_version = c.version and c.embedding is not null order by line`,
        [kb],
      )
      return rows.map(({ line }) => line)
    },
    async close() {
      await Promise.all([...processes.values()].map(one => one.stop()))
      await opened.close()
      await database.drop()
      await Promise.all([registry.stop(), kafka.stop()])
      remove()
    },
  }
}

export type Installation = Awaited<ReturnType<typeof openInstallation>>
