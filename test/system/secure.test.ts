import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { roleNames } from '../../src/roles.ts'
import { freePort } from '../../src/supervisor/ports.ts'
import { makeAuthority } from '../kit/certificates.ts'
import { registryUrl } from '../kit/kafka.ts'
import { ended, type Run, runPenstock } from '../kit/penstock.ts'
import { openRegistryDoor } from '../kit/registry-door.ts'
import { type SecureKafka, startSecureKafka } from '../kit/secure-kafka.ts'
import { type SecurePostgres, startSecurePostgres } from '../kit/secure-postgres.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { until } from '../kit/until.ts'

const canaries = { kafka: 'canary-0kafka-0', registry: 'canary-0registry-0', database: 'canary-0database-0' }
const { folder, remove } = temporaryFolder('secure')
let kafka: SecureKafka
let postgres: SecurePostgres
let door: Awaited<ReturnType<typeof openRegistryDoor>>
let environment: Readonly<Record<string, string | undefined>>
let roles: Run
const said: string[] = []

const written = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}
/** What `penstock ARGS` said and how it ended, kept for the search for secrets. */
const penstock = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const run = await ended(runPenstock(args, folder, { ...environment, ...env }))
  said.push(run.output)
  return run
}

beforeAll(async () => {
  const authority = await makeAuthority(folder)
  ;[kafka, postgres, door] = await Promise.all([
    startSecureKafka(authority, canaries.kafka),
    startSecurePostgres(authority, canaries.database),
    openRegistryDoor(await registryUrl(), await authority.issue('registry'), {
      username: 'line',
      password: canaries.registry,
    }),
  ])
  mkdirSync(join(folder, 'corpus'))
  for (let i = 0; i < 12; i++)
    writeFileSync(join(folder, 'corpus', `${i}.md`), `# Document ${i}\n\nKeys are rotated every ${i} days.`)
  const { DATABASE_URL: _, ...inherited } = process.env
  environment = {
    ...inherited,
    PENSTOCK_DATA_DIR: join(folder, 'data'),
    PENSTOCK_FILE_ROOTS: join(folder, 'corpus'),
    PENSTOCK_PORT: String(await freePort()),
    PENSTOCK_LOG_FORMAT: 'json',
    KAFKA_BROKERS: kafka.secure,
    PENSTOCK_KAFKA_TLS: 'true',
    PENSTOCK_KAFKA_TLS_CA_FILE: authority.caFile,
    PENSTOCK_KAFKA_SASL_MECHANISM: 'scram-sha-512',
    PENSTOCK_KAFKA_SASL_USERNAME: 'alice',
    PENSTOCK_KAFKA_SASL_PASSWORD_FILE: written('kafka-password', `${canaries.kafka}\n`),
    SCHEMA_REGISTRY_URL: door.url,
    PENSTOCK_REGISTRY_USERNAME: 'line',
    PENSTOCK_REGISTRY_PASSWORD: canaries.registry,
    PENSTOCK_REGISTRY_TLS_CA_FILE: authority.caFile,
    DATABASE_URL: postgres.url,
    PENSTOCK_DATABASE_PASSWORD_FILE: written('database-password', canaries.database),
    PENSTOCK_DATABASE_TLS: 'verify-full',
    PENSTOCK_DATABASE_TLS_CA_FILE: authority.caFile,
  }
})
afterAll(async () => {
  roles?.child.kill('SIGTERM')
  await roles?.closed
  await Promise.all([kafka?.stop(), postgres?.stop(), door?.close()])
  remove()
})

test('a wrong password or an unknown authority ends a role with a sentence that says which setting to see', async () => {
  expect((await penstock(['migrate'])).code).toBe(0)
  const stranger = await makeAuthority(folder, 'stranger')
  const ends = await Promise.all([
    penstock(['migrate'], { PENSTOCK_DATABASE_PASSWORD_FILE: written('wrong', 'canary-0wrong-0') }),
    penstock(['migrate'], { PENSTOCK_DATABASE_TLS_CA_FILE: stranger.caFile }),
    penstock(['run', 'chunking'], { PENSTOCK_KAFKA_SASL_PASSWORD_FILE: written('wrong', 'canary-0wrong-0') }),
    penstock(['run', 'chunking'], { PENSTOCK_KAFKA_TLS_CA_FILE: stranger.caFile }),
    penstock(['run', 'chunking'], { PENSTOCK_REGISTRY_PASSWORD: 'canary-0wrong-0' }),
  ])
  expect(ends.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1])
  const settings = [
    ...['PENSTOCK_DATABASE_PASSWORD', 'PENSTOCK_DATABASE_TLS_CA_FILE', 'PENSTOCK_KAFKA_SASL_PASSWORD'],
    ...['PENSTOCK_KAFKA_TLS_CA_FILE', 'PENSTOCK_REGISTRY_PASSWORD'],
  ]
  for (const [i, setting] of settings.entries()) expect(ends[i]!.output).toContain(setting)
}, 120_000)

test('a job goes through every stage, and what it made is found', async () => {
  roles = runPenstock(['run', ...roleNames, '--json'], folder, environment)
  await until('the roles run', () => roles.output().includes('"operating"'), 60_000)
  const client = createClient(`http://127.0.0.1:${environment.PENSTOCK_PORT}`)
  const sources = [{ type: 'local_files' as const, path: join(folder, 'corpus') }]
  const { job_id } = await client.ingest({ body: { kb_id: 'handbook', sources } })
  await until(
    'the job is over',
    async () => ['completed', 'failed'].includes((await client.job({ params: { job_id } })).status),
    60_000,
  )
  expect(await client.job({ params: { job_id } })).toMatchObject({ status: 'completed', metrics: { documents: 12 } })
  const { hits } = await client.search({ body: { kb_id: 'handbook', query: 'how often are keys rotated' } })
  expect(hits.length).toBeGreaterThan(0)
  expect(door.refused()).toBeGreaterThan(0)
}, 150_000)

test('a role whose password is changed beneath it goes on running with its job, and its health says why it is not ready', async () => {
  const { operating } = JSON.parse(
    roles
      .output()
      .split('\n')
      .find(line => line.includes('"operating"'))!,
  ) as { operating: string }
  const readiness = async () => (await fetch(`http://${operating}/readyz`)).json() as Promise<{ status: string }>
  expect(await readiness()).toMatchObject({ status: 'ready' })
  const client = createClient(`http://127.0.0.1:${environment.PENSTOCK_PORT}`)
  const sources = [{ type: 'local_files' as const, path: join(folder, 'corpus') }]
  const { job_id } = await client.ingest({ body: { kb_id: 'again', sources } })
  await postgres.changePassword('canary-0newer-0')
  const refused = {
    status: 'not_ready',
    dependencies: [
      { name: 'database', ready: false, message: expect.stringContaining('PENSTOCK_DATABASE_PASSWORD') },
      { name: 'kafka', ready: true },
    ],
  }
  await until('it is not ready', async () => (await readiness()).status === 'not_ready', 30_000)
  expect(await readiness()).toMatchObject(refused)
  expect(roles.child.exitCode).toBeNull()
  await postgres.changePassword(canaries.database)
  await until('it is ready again', async () => (await readiness()).status === 'ready', 60_000)
  const isOver = (status: string) => ['completed', 'failed'].includes(status)
  await until('its job is over', async () => isOver((await client.job({ params: { job_id } })).status), 60_000)
  expect(await client.job({ params: { job_id } })).toMatchObject({ status: 'completed', metrics: { documents: 12 } })
}, 200_000)

test('a secret stands in nothing that a process says', async () => {
  await penstock(['config', '--json'])
  const all = [...said, roles.output()].join('\n')
  expect(all).toContain('[hidden]')
  const found = [...Object.values(canaries), 'canary-0wrong-0', 'canary-0newer-0'].flatMap(secret =>
    [secret, Buffer.from(`line:${secret}`).toString('base64'), Buffer.from(`\0alice\0${secret}`).toString('base64')]
      .filter(form => all.includes(form))
      .map(form => all.split('\n').find(line => line.includes(form))),
  )
  expect(found).toEqual([])
})
