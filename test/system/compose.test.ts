import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { type Role, roleNames } from '../../src/roles.ts'
import { freePort } from '../../src/supervisor/ports.ts'
import { dependenciesOf, msOf, readCompose, type Service } from '../kit/compose.ts'
import { buildImage, stages } from '../kit/image.ts'
import { startTestKafka, startTestRegistry } from '../kit/kafka.ts'
import type { Run } from '../kit/penstock.ts'
import { testDatabase } from '../kit/postgres.ts'
import { skipSaying } from '../kit/skip-saying.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { until } from '../kit/until.ts'

const { folder, remove } = temporaryFolder('compose')
const documents = join(folder, 'documents')
const apiKey = 'a-key-that-is-long-enough-for-an-administrator'
const compose = readCompose({ POSTGRES_PASSWORD: 'secret', GRAFANA_PASSWORD: 'secret', PENSTOCK_ADMIN_KEY: apiKey })

let kafka: Awaited<ReturnType<typeof startTestKafka>>
let registry: Awaited<ReturnType<typeof startTestRegistry>>
let database: Awaited<ReturnType<typeof testDatabase>>
let root: string
let port: number
const started: { readonly name: string; readonly run: Run }[] = []

/** What the image sets, then the service; what is reached by a name of the network there has an address here. */
const environmentOf = ({ environment }: Service, metricsPort: number): Record<string, string> => {
  const image = stages()
    .at(-1)!
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ rest }) => rest.split(/\s+/).map(pair => pair.split('=') as [string, string]))
  const here: Readonly<Record<string, string>> = {
    KAFKA_BROKERS: kafka.brokers.join(','),
    SCHEMA_REGISTRY_URL: registry.url,
    DATABASE_URL: database.url,
    PENSTOCK_PORT: String(port),
    PENSTOCK_METRICS_PORT: String(metricsPort),
    PENSTOCK_FILE_ROOTS: documents,
    PENSTOCK_DATA_DIR: join(folder, 'data'),
  }
  const said = Object.entries(environment ?? {}).map(([name, value]) => [name, String(value)] as const)
  const all: Record<string, string> = { ...Object.fromEntries([...image, ...said]), HOME: folder }
  for (const [name, value] of Object.entries(here)) {
    if (all[name] === undefined) throw new Error(`The service does not set ${name}.`)
    all[name] = value
  }
  return all
}

/** As the container would run it: with its environment and no other, in the folder of the program. */
const launch = (command: readonly string[], env: Record<string, string>): Run => {
  const [program, ...args] = command as [string, ...string[]]
  const child = spawn(program === 'node' ? process.execPath : program, args, { cwd: root, env, stdio: 'pipe' })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  return { child, output: () => output, closed: once(child, 'close') }
}
const entryPoint = JSON.parse(
  stages()
    .at(-1)!
    .find(({ name }) => name === 'ENTRYPOINT')!.rest,
) as string[]
const launchService = (name: string, metricsPort = 0): Run => {
  const service = compose.services[name]!
  const run = launch([...entryPoint, ...service.command!], environmentOf(service, metricsPort))
  started.push({ name, run })
  return run
}

const runsIn = async (name: string, { child, output }: Run) =>
  until(
    `${name} runs`,
    () => {
      if (child.exitCode !== null) throw new Error(`${name} ended:\n${output()}`)
      return output().includes(`"${name} runs"`)
    },
    150_000,
  )

/** `docker stop`: the signal, and whether it was gone within its grace. */
const stop = async (name: string, { child, closed }: Run) => {
  const grace = msOf(compose.services[name]!.stop_grace_period!)
  const asked = performance.now()
  child.kill('SIGTERM')
  await closed
  return { name, code: child.exitCode, inTime: performance.now() - asked < grace }
}

/** Nine roles at once, from what the Dockerfile builds: beside other tests it takes two cores longer than the rest of them. */
const asked = process.env.TEST_CONTAINERS === '1'

beforeAll(async () => {
  if (!asked) return
  mkdirSync(documents)
  for (let i = 0; i < 40; i++) writeFileSync(join(documents, `d${i}.md`), `# Page ${i}\n\n${`word${i} `.repeat(300)}\n`)
  writeFileSync(
    join(documents, 'page.html'),
    '<html><body><h1>Birds</h1><p>The quetzal sleeps at noon.</p></body></html>',
  )
  ;[kafka, registry, database, port, root] = await Promise.all([
    startTestKafka(),
    startTestRegistry(),
    testDatabase(),
    freePort(),
    buildImage(folder, `${dirname(process.execPath)}:${process.env.PATH}`),
  ])
}, 400_000)
afterAll(async () => {
  for (const { run } of started)
    if (run.child.exitCode === null && run.child.signalCode === null) run.child.kill('SIGKILL')
  await Promise.all(started.map(({ run }) => run.closed))
  await database?.drop()
  await Promise.all([registry?.stop(), kafka?.stop()])
  remove()
})

describe('the services of docker-compose.yml, as plain processes of what the Dockerfile builds', () => {
  test('migrate, start in their order, ingest, search, are scaled, and each ends within its grace', {
    timeout: 600_000,
  }, async context => {
    skipSaying(context, !asked, 'TEST_CONTAINERS=1 is not set: it takes several minutes for itself')
    expect(dependenciesOf(compose.services.api!).migrate).toBe('service_completed_successfully')
    const early = launchService('indexing')
    await early.closed
    expect(early.child.exitCode, 'a role before the migrations').toBe(1)
    expect(early.output()).toContain('Run `penstock migrate` first')

    const migrate = launchService('migrate')
    await migrate.closed
    expect({ code: migrate.child.exitCode, said: migrate.output() }).toMatchObject({ code: 0 })

    const ports = new Map<string, number>()
    for (const name of roleNames) ports.set(name, await freePort())
    const runs = new Map<string, Run>(roleNames.map(name => [name, launchService(name, ports.get(name)!)]))
    await Promise.all([...runs].map(([name, run]) => runsIn(name, run)))
    const health = async (name: string) => {
      const { test } = compose.services[name]!.healthcheck!
      const run = launch(
        test.slice(1).map(word => word.replaceAll('9400', String(ports.get(name)!))),
        {},
      )
      await run.closed
      return { name, code: run.child.exitCode }
    }
    expect(await Promise.all(roleNames.map(health))).toEqual(roleNames.map(name => ({ name, code: 0 })))

    const client = createClient(`http://127.0.0.1:${port}`, { apiKey })
    const sources = [{ type: 'local_files' as const, path: documents }]
    const ingest = async (kb_id: string) => (await client.ingest({ body: { kb_id, sources, parallelism: 4 } })).job_id
    const completed = async (job_id: string) => {
      await until(
        'the job is completed',
        async () => ['completed', 'failed'].includes((await client.job({ params: { job_id } })).status),
        120_000,
      )
      return client.job({ params: { job_id } })
    }
    expect(await completed(await ingest('first'))).toMatchObject({ status: 'completed', metrics: { documents: 41 } })
    const { hits } = await client.search({ body: { kb_id: 'first', query: 'quetzal at noon', top_k: 1 } })
    expect(hits[0]?.uri).toMatch(/page\.html$/)

    const scaled: Role = 'embedding'
    const second = launchService(scaled)
    await runsIn(scaled, second)
    expect(await completed(await ingest('second'))).toMatchObject({ status: 'completed', metrics: { documents: 41 } })

    const ends = await Promise.all([...runs, [scaled, second] as const].map(([name, run]) => stop(name, run)))
    expect(ends).toEqual(ends.map(({ name }) => ({ name, code: 0, inTime: true })))
    expect(await health('api'), 'of an API that is gone').toEqual({ name: 'api', code: 1 })
  })
})
