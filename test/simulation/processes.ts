import { setTimeout as sleep } from 'node:timers/promises'
import { startCoordinator } from '../../src/coordinator/coordinator.ts'
import { createEffects } from '../../src/knowledge/applied.ts'
import { forgetApplied } from '../../src/knowledge/catalogue.ts'
import type { KnowledgeWriter } from '../../src/knowledge/knowledge-base.ts'
import { Fatal, Wait } from '../../src/runtime/errors.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import type { Stage } from '../../src/runtime/stage.ts'
import type { Topic } from '../../src/schemas/topics.ts'
import { silent } from '../kit/log.ts'
import type { Actor } from './actor.ts'
import { codec } from './codec.ts'
import { entityManager } from './database/entity-manager.ts'
import { poolOf } from './database/pool.ts'
import { stagesOver, writing } from './stages.ts'
import { concurrency, lanes, type World } from './world.ts'

export const knowledgeBases = {
  get: async () => null,
  create: async () => undefined,
  setChunking: async () => undefined,
}

/** How many jobs may wait. */
export const queueDepth = 10

const effectsOf = ({ database, kernel }: World, actor: Actor) =>
  createEffects<KnowledgeWriter>({
    pool: poolOf(database, actor),
    embedded: true,
    writerOf: () =>
      writing((job_id, record) => {
        const position = record.type === 'vector' ? record.position : null
        kernel.say(`${actor.name} writes ${record.document_id.slice(0, 6)} ${position ?? 'end'}`)
        database.write({ job_id, document_id: record.document_id, version: record.version, position })
      }),
  })

/** A process that works every stage: the worker of the project, on the network of the simulation. */
export const startWorker = async (world: World, actor: Actor): Promise<void> => {
  const { kernel, wire, witness, errors } = world
  const broker = world.brokerOf(actor)
  const failed = (error: Error) => {
    kernel.say(`${actor.name} ends: ${error.message}`)
    actor.kill()
  }
  const call = async (stage: string, jobId: string): Promise<void> => {
    witness.called(actor, stage, jobId)
    const error = errors.get(stage)?.shift()
    await sleep(200 * kernel.random())
    await wire.call(
      actor,
      'model',
      `${stage} calls`,
      () => {
        if (error === 'fatal') throw new Fatal('unauthorized', 'The key is not valid.')
        if (error === 'wait') throw new Wait('rate_limited', 'Too many requests.', 1_500)
        if (error === 'retry') throw new Error('An answer that nobody expected.')
      },
      () => new Error('socket hang up'),
    )
  }
  const gate = await openGate({ broker, codec, failed })
  const common = { worker: actor.name, broker, gate, codec, retry: { maxDelayMs: 1_000 }, log: silent, failed }
  const effects = effectsOf(world, actor)
  for (const stage of stagesOver({ call }))
    await runStage({
      ...common,
      stage: stage as unknown as Stage<Topic, readonly Topic[], KnowledgeWriter>,
      effects: stage.effect ? effects : null,
    })
}

/** One of the coordinators of the project. */
export const startSimCoordinator = async (world: World, actor: Actor): Promise<void> => {
  const { database } = world
  const effects = effectsOf(world, actor)
  await startCoordinator({
    em: entityManager(database, actor),
    broker: world.brokerOf(actor),
    codec,
    log: silent,
    lanes,
    concurrency,
    holder: actor.name,
    ...{ leaseMs: 3_000, pollMs: 2_000, watchMs: 1_000 },
    forgetApplied,
    async claim(job, stage, lane) {
      if (stage === 'indexing') await effects.claim(job, stage, lane)
    },
    async discard({ job_id }) {
      await database.once(actor, `discard ${job_id}`, () => database.discard(job_id))
    },
    knowledgeBases,
    queueDepth,
    readRequest: async () => {
      throw new Error('Nobody commands by Kafka here.')
    },
  })
}
