import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createJobs } from '../../src/coordinator/job-store.ts'
import { ensureLanes } from '../../src/coordinator/lanes.ts'
import { serve } from '../../src/coordinator/serving.ts'
import type { Tenure } from '../../src/coordinator/tenure.ts'
import { forgetApplied } from '../../src/knowledge/catalogue.ts'
import { jobCommands, loadRequests } from '../../src/schemas/topics.ts'
import { openLine } from '../kit/line.ts'
import { silent } from '../kit/log.ts'
import { Database } from '../simulation/database/database.ts'
import { entityManager } from '../simulation/database/entity-manager.ts'
import { Kernel } from '../simulation/kernel.ts'
import { knowledgeBases } from '../simulation/processes.ts'
import { submission } from './submission.ts'

const limits = { lanes: 1, concurrency: 1 }

/** A coordinator's tables in this process, without a network before them. */
const openTables = () => {
  const kernel = new Kernel(1)
  const database = new Database(kernel, { call: async (_actor, _op, _what, work) => work() })
  return entityManager(database, kernel.nature)
}

test('after an error in the middle of a publication nothing that waits for its turn sends it again', async () => {
  const line = await openLine(1)
  const em = openTables()
  await em.fork().transactional(tx => ensureLanes(tx, 1))
  const transactor = await line.broker.fence('coordinator')
  let published = 0
  let struck = false
  /** Something to read comes, and waits for its turn. */
  const interrupt = async () => {
    const command = { command_id: 'c', kb_id: 'other', verb: 'pause', phase: null, request: null } as const
    await line.write(jobCommands, 0, [{ type: 'job_command', ...command }])
    for (let i = 0; i < 10; i++) await setImmediate()
  }
  const tenure: Tenure = {
    ...{ epoch: 1, codec: line.codec, broker: line.broker, log: silent, forgetApplied, knowledgeBases, queueDepth: 1 },
    ...limits,
    claim: async () => undefined,
    discard: async () => undefined,
    tidy: async () => undefined,
    upstreamPartitions: 1,
    readRequest: () => Promise.reject(new Error('Nobody starts a job by Kafka here.')),
    transactor: {
      begin: async () => {
        const transaction = await transactor.begin()
        return {
          ...transaction,
          async commit() {
            await transaction.commit()
            published++
          },
        }
      },
      close: () => transactor.close(),
    },
    async transaction(work) {
      if (published === 1 && !struck) {
        struck = true
        await interrupt()
        throw new Error('Connection terminated unexpectedly')
      }
      return em.fork().transactional(tx => work(tx, new Date()))
    },
    apart: work => em.fork().transactional(work),
  }
  const serving = serve(tenure, {
    signal: new AbortController().signal,
    // Once all is read there is a job to start.
    async wait() {
      await createJobs({ em, knowledgeBases, queueDepth: 1, ...limits }).submit(submission('manual'))
    },
    look: async () => ({ commands: true, due: false, deleting: false }),
    watchMs: 60_000,
    tidyMs: 60_000,
    checkMs: 60_000,
  })
  await expect(serving).rejects.toThrow('Connection terminated unexpectedly')
  expect(await line.read(loadRequests)).toHaveLength(1)
  await line.close()
})
