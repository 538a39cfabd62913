import { setTimeout as sleep } from 'node:timers/promises'
import { startCoordinator } from '../../src/coordinator/coordinator.ts'
import { createEffects } from '../../src/knowledge/applied.ts'
import { forgetApplied } from '../../src/knowledge/catalogue.ts'
import type { KnowledgeWriter } from '../../src/knowledge/knowledge-base.ts'
import { Fatal, Wait } from '../../src/runtime/errors.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { type Running, runStage } from '../../src/runtime/run-stage.ts'
import type { Stage } from '../../src/runtime/stage.ts'
import type { Topic } from '../../src/schemas/topics.ts'
import { silent } from '../kit/log.ts'
import type { Actor } from './actor.ts'
import { codec } from './codec.ts'
import { DatabaseError } from './database/database.ts'
import { entityManager } from './database/entity-manager.ts'
import { poolOf } from './database/pool.ts'
import { stagesOver, writing } from './stages.ts'
import type { StageError } from './steps.ts'
import { concurrency, lanes, type World } from './world.ts'

export const knowledgeBases = {
  get: async () => null,
  create: async () => undefined,
  setChunking: async () => undefined,
  ownerOf: async () => null,
  claim: async () => true,
  isDeleting: async () => false,
  removeStored: async () => undefined,
  forget: async () => undefined,
}

/** Ends a process as an operator does. */
export type Stop = () => Promise<void>

/** How many jobs may wait. */
export const queueDepth = 10

const effectsOf = ({ database, kernel, errors }: World, actor: Actor) => {
  const writer = writing(
    (job_id, record) => {
      const position = record.type === 'vector' ? record.position : null
      kernel.say(`${actor.name} writes ${record.document_id.slice(0, 6)} ${position ?? 'end'}`)
      database.write({ job_id, document_id: record.document_id, version: record.version, position })
    },
    () => {
      const error = errors.get('indexing')?.shift()
      if (error === 'wait') throw new DatabaseError('40001', 'could not serialize access')
      if (error !== undefined) throw errorOf(error)
    },
  )
  return createEffects<KnowledgeWriter>({ pool: poolOf(database, actor), embedded: true, writerOf: () => writer })
}

const errorOf = (error: StageError): Error => {
  switch (error) {
    case 'fatal':
      return new Fatal('unauthorized', 'The key is not valid.')
    case 'wait':
      return new Wait('rate_limited', 'Too many requests.', 1_500)
    case 'retry':
      // With a code, as what others answer has: without, it would be a defect of the stage.
      return Object.assign(new Error('An answer that nobody expected.'), { code: 'bad_answer' })
  }
}

/** A process that works every stage: the worker of the project, on the network of the simulation. */
export const startWorker = async (world: World, actor: Actor): Promise<Stop> => {
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
        if (error !== undefined) throw errorOf(error)
      },
      () => new Error('socket hang up'),
    )
  }
  const gate = await openGate({ broker, codec, failed })
  const common = { worker: actor.name, broker, gate, codec, retry: { maxDelayMs: 1_000 }, log: silent, failed }
  const effects = effectsOf(world, actor)
  const running: Running[] = []
  for (const stage of stagesOver({ call }))
    running.push(
      await runStage({
        ...common,
        stage: stage as unknown as Stage<Topic, readonly Topic[], KnowledgeWriter>,
        effects: stage.effect ? effects : null,
      }),
    )
  return async () => {
    await Promise.all(running.map(one => one.stop()))
    await gate.close()
    await broker.close()
  }
}

/** One of the coordinators of the project. */
export const startSimCoordinator = async (world: World, actor: Actor): Promise<Stop> => {
  const { database } = world
  const effects = effectsOf(world, actor)
  const broker = world.brokerOf(actor)
  const coordinator = await startCoordinator({
    em: entityManager(database, actor),
    broker,
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
    tidy: async () => undefined,
    upstreamPartitions: 1,
    knowledgeBases,
    queueDepth,
    readRequest: async () => {
      throw new Error('Nobody commands by Kafka here.')
    },
  })
  return async () => {
    await coordinator.stop()
    await broker.close()
  }
}
