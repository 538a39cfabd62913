import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type Coordinator, type CoordinatorOptions, startCoordinator } from '../../src/coordinator/coordinator.ts'
import { createDeadLetters } from '../../src/coordinator/dead-letter-store.ts'
import { JobRow, LaneRow } from '../../src/coordinator/entities.ts'
import { createJobs } from '../../src/coordinator/job-store.ts'
import type { Submission } from '../../src/coordinator/jobs.ts'
import type { Broker } from '../../src/kafka/broker.ts'
import { forgetApplied, knowledgeBases } from '../../src/knowledge/catalogue.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import { openPostgres } from '../kit/databases.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'
import { openTestDatabase } from './database.ts'
import { openLine } from './line.ts'
import { submission } from './submission.ts'

/** A database, a line of four lanes, and coordinators that end with the test. Call it once in a file of tests. */
export const useBench = (connect?: () => Promise<Broker>) => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  let line: Awaited<ReturnType<typeof openLine>>
  const coordinators: Coordinator[] = []
  const stopAll = async () => {
    await Promise.all(coordinators.splice(0).map(coordinator => coordinator.stop()))
  }
  const renew = async () => {
    await stopAll()
    await line?.close()
    line = await openLine(await connect?.())
    await database.empty()
  }

  beforeAll(async () => {
    database = await openTestDatabase(openPostgres)
  })
  afterAll(async () => {
    await line?.close()
    await database.close()
  })
  beforeEach(renew)
  afterEach(stopAll)

  /** What was asked of the store beside. */
  const claimed: string[] = []
  const discarded: string[] = []
  const store = {
    async claim(_: string, stage: string, lane: number) {
      claimed.push(`${stage}.${lane}`)
    },
    async discard({ job_id }: LaneJob) {
      discarded.push(job_id)
    },
    tidy: async () => undefined,
  }
  const door = {
    knowledgeBases,
    queueDepth: 50,
    readRequest: async (kb: string, json: string) => submission(kb, JSON.parse(json)),
  }
  const jobs = () => createJobs({ em: database.em, knowledgeBases, queueDepth: 50, lanes: 4, concurrency: 2 })
  const deadLetters = () =>
    createDeadLetters({
      ...{ em: database.em, knowledgeBases, queueDepth: 50 },
      sourceId: ({ type }) => type,
    })
  const row = (id: string) => database.em.fork().findOneOrFail(JobRow, { id })

  return {
    claimed,
    discarded,
    get em() {
      return database.em
    },
    get line() {
      return line
    },
    jobs,
    deadLetters,
    row,
    /** Everything anew, as before a test. */
    renew,
    async coordinator(change: Partial<CoordinatorOptions> = {}) {
      const { broker, codec } = line
      const started = await startCoordinator({
        ...{ em: database.em, forgetApplied, ...store, ...door, broker, codec, log: silent, lanes: 4, concurrency: 2 },
        ...{ upstreamPartitions: 1 },
        ...{ holder: 'test', leaseMs: 300, pollMs: 10, watchMs: 20 },
        ...change,
      })
      coordinators.push(started)
      return started
    },
    emptyDatabase: () => database.empty(),
    expireLease: () => database.em.fork().execute(`update lease set until = '-infinity'`),
    async submit(kb: string, change: Partial<Submission> = {}) {
      const admission = await jobs().submit(submission(kb, change))
      if (admission.outcome !== 'accepted') throw new Error(admission.outcome)
      return admission.job_id
    },
    ended: (id: string, status: string, ms?: number) =>
      until(`${id} is ${status}`, async () => (await row(id)).status === status, ms),
    /** The lanes that a job owns; null: those that are free. */
    async lanesOf(jobId: string | null) {
      const rows = await database.em.fork().find(LaneRow, { jobId }, { orderBy: { lane: 'asc' } })
      return rows.map(({ lane }) => lane)
    },
  }
}
