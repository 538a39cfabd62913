import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Job } from '../../src/coordinator/job-state.ts'
import { BrokerError } from '../../src/kafka/broker.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { migrateUp } from '../../src/migrate.ts'
import { createVerifier, type VerifierOptions } from '../../src/verify/create-verifier.ts'
import { openPostgres, type TestDatabase } from '../kit/databases.ts'
import { completedJob, withPhase } from './states.ts'

let opened: TestDatabase
beforeAll(async () => {
  opened = await openPostgres()
  await migrateUp(opened.database)
})
afterAll(() => opened?.close())

const kb = 'handbook'
const asked = { limit: 10, signal: new AbortController().signal }
const sql = async (text: string, ...values: readonly unknown[]) =>
  (await opened.database.pool.query(text, [...values])).rows

beforeEach(async () => {
  for (const { number } of await sql('select number from knowledge_base')) await sql(`drop table chunks_${number}`)
  await sql('truncate applied, command, dead_letter, lane, job, publication, followed, cluster, knowledge_base cascade')
  const settings = {
    embedding: { provider: 'hashing', model: 'test', dimensions: 4 },
    chunking: { strategy: 'markdown', chunk_size: 64, chunk_overlap: 8 },
  } as const
  await opened.database.orm.em.fork().transactional(tx => knowledgeBases.create(tx, { kb_id: kb, ...settings }))
  const [{ number }] = await sql('select number from knowledge_base')
  await sql(`create index chunks_${number}_search on chunks_${number} using gin (search)`)
})

/** A broker whose logs end here, save what is said of a topic. */
const brokerOf = (ends: Readonly<Record<string, number>> = {}) => ({
  range: async (topic: string) => ({ start: 0, end: ends[topic] ?? 0 }),
  committed: async () => null,
  clusterId: async () => 'cluster-1',
})
const verifier = (over: Partial<VerifierOptions> = {}) => {
  const { pool, embedded } = opened.database
  const options = { pool, embedded, broker: brokerOf(), control: async () => new Map(), indexFrom: 50 }
  return createVerifier({ ...options, ...over })
}
const enter = (id: string, state: Job, run = 1) =>
  sql(
    `insert into job (id, kb_id, kind, status, submission, state, run) values ($1, $2, 'run', $3, $4, $5, $6)`,
    ...[id, kb, state.status, { sources: [] }, state, run],
  )
const reject = (job: string, position: number, stage = 'chunking') =>
  sql(
    `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code,
       message, attempts) values (0, $1, $2, $3, $4, 'documents', 0, 0, 'planted', 'No.', 1)`,
    ...[position, job, kb, stage],
  )
const rejecting = (rejects: number) => {
  const job = completedJob({ documents: 3, chunks: 0 })
  return withPhase(job, 'CHUNKING', { rejects })
}
const found = async (over: Partial<VerifierOptions> = {}) => {
  const report = (await verifier(over).verify(kb, asked))!
  const { differences, not_compared } = report
  return { codes: differences.map(one => one.code), differences, not_compared }
}

test('dead letters that are stored while they are waited for are no difference', async () => {
  await enter('job-1', rejecting(2))
  await reject('job-1', 0)
  await sql(`insert into followed values ('dead.letters', 0, 1)`)
  const arriving = {
    ...brokerOf({ 'dead.letters': 3 }),
    async range(topic: string) {
      if (topic === 'dead.letters') {
        await reject('job-1', 1)
        await sql(`update followed set next = 3 where topic = 'dead.letters'`)
      }
      return { start: 0, end: 3 }
    },
  }
  expect(await found({ broker: arriving })).toMatchObject({ codes: [], not_compared: [] })
})

test('dead letters that were never stored are, once the coordinator has read them all', async () => {
  await enter('job-1', rejecting(2))
  await reject('job-1', 0)
  await sql(`insert into followed values ('dead.letters', 0, 3)`)
  const { codes, differences } = await found({ broker: brokerOf({ 'dead.letters': 3 }) })
  expect(codes).toEqual(['dead_letters_differ'])
  expect(differences.at(-1)).toMatchObject({
    where: { job_id: 'job-1', stage: 'chunking' },
    expected: '2',
    found: '1',
    repair: null,
  })
})

test('dead letters that the coordinator does not read are said not to be compared', async () => {
  await enter('job-1', rejecting(2))
  const { codes, not_compared } = await found({ broker: brokerOf({ 'dead.letters': 3 }) })
  expect(codes).toEqual([])
  expect(not_compared).toEqual([
    'The coordinator has not read dead.letters to its end: those of 1 jobs were not compared.',
  ])
})

test('every job of a long ledger is compared', async () => {
  await sql(
    `insert into job (id, kb_id, kind, status, submission, state, run)
     select 'job-' || n, $1, 'run', 'completed', '{"sources": []}', $2, n from generate_series(1, 450) n`,
    ...[kb, completedJob()],
  )
  await sql(
    `update job set state = $1 where id in ('job-1', 'job-201', 'job-450')`,
    withPhase(completedJob(), 'INDEXING', { items: 1 }),
  )
  const report = (await verifier().verify(kb, asked))!
  expect(report.checked.jobs).toBe(450)
  const counts = report.differences.filter(({ code }) => code === 'phase_counts')
  expect(counts.map(({ where }) => where.job_id)).toEqual(['job-1', 'job-201', 'job-450'])
})

test('Kafka that refuses, or does not answer, is said not to be compared, and the rest is', async () => {
  await enter('job-1', { ...completedJob(), status: 'running' })
  await sql('insert into lane (lane, job_id) values (1, $1)', 'job-1')
  const refusing = {
    ...brokerOf(),
    clusterId: () => Promise.reject(new BrokerError('unreachable', 'Kafka is away.')),
  }
  const silent = () => new Promise<never>(() => undefined)
  const of = verifier({ broker: refusing, control: silent, kafkaWithinMs: 20 })
  const report = (await of.verify(kb, asked))!
  expect(report.not_compared).toEqual(['The lanes were not compared with Kafka: no answer within 0.02 s.'])
  expect(report.totals.map(({ code }) => code)).toEqual(['lane_lost'])
  expect((await of.verifyInstallation(asked)).not_compared).toEqual([
    'The lanes were not compared with Kafka: no answer within 0.02 s.',
    'Positions were not compared with Kafka: Kafka is away.',
  ])
})

test('what fails for another reason is not passed over', async () => {
  const broken = verifier({ control: () => Promise.reject(new TypeError('no such thing')) })
  await expect(broken.verify(kb, asked)).rejects.toThrow('no such thing')
})

test('what the coordinator has read lies within the logs, save where records expire', async () => {
  await sql(`insert into followed values ('progress', 0, 5), ('job.commands', 0, 5), ('dead.letters', 0, 12)`)
  await sql(`insert into cluster (id) values ('cluster-2')`)
  const broker = { ...brokerOf(), range: async () => ({ start: 7, end: 11 }) }
  const { differences } = await verifier({ broker }).verifyInstallation(asked)
  expect(differences.map(({ code, found }) => [code, found])).toEqual([
    ['other_cluster', 'cluster cluster-1'],
    ['position_lost', '12'],
    ['position_lost', '5'],
  ])
})

test('an abort ends the work', async () => {
  const signal = AbortSignal.abort(new Error('gone'))
  await expect(verifier().verify(kb, { limit: 1, signal })).rejects.toThrow('gone')
})
