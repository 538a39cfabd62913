import type { Logger } from 'pino'
import { startApi } from './api-role.ts'
import type { Config } from './config.ts'
import { startCoordinator } from './coordinator/coordinator.ts'
import { startIntake } from './intake-role.ts'
import { forgetApplied, knowledgeBases } from './knowledge/catalogue.ts'
import { forgetFrontiers } from './knowledge/crawl-frontier.ts'
import { replayDocuments } from './knowledge/replay-documents.ts'
import { sourceKinds } from './open-sources.ts'
import { startOperating, watchLine } from './operating.ts'
import { openParts, type Parts } from './parts.ts'
import { checkPipeline, pipeline, type StageName, stageNames } from './pipeline.ts'
import { processName } from './process-name.ts'
import { requestPorts, requestReader } from './request-reader.ts'
import type { Effects } from './runtime/effects.ts'
import { isOutOfReach, messageOf, Wait } from './runtime/errors.ts'
import { type Running, runStage } from './runtime/run-stage.ts'
import type { Stage } from './runtime/stage.ts'
import type { Topic } from './schemas/topics.ts'
import { sourceOpener } from './sources/open.ts'
import { replayOpener } from './sources/replay-source.ts'
import { indexing } from './stages/indexing.ts'
import { tabulating } from './stages/tabulating.ts'
import type { OperatorServer } from './telemetry/operator-server.ts'
import { noTelemetry, type Telemetry } from './telemetry/otel.ts'
import { crawlingWebParts } from './web-parts.ts'

/** What a process can be; several at once is fine. */
export const roleNames = ['intake', ...stageNames, 'coordinator', 'api'] as const
export type Role = (typeof roleNames)[number]

export const isRole = (name: string): name is Role => roleNames.some(role => role === name)

export interface RunningRoles extends Running {
  /** The API's address, if it is among the roles. */
  readonly url: string | null
  /** host:port of its /metrics, /healthz, /readyz and /log-level. */
  readonly operating: string
  /** Resolves with the reason when a role cannot go on and the process should end. */
  readonly failed: Promise<Error>
}

type Started = Running & { readonly url?: string; nudge?(): void }

/** Starts the roles of this process over one set of parts. `stop` ends them in the order of the line, then the parts. */
export const startRoles = async (
  roles: readonly Role[],
  config: Config,
  log: Logger,
  telemetry: Pick<Telemetry, 'tracing' | 'lost'> = noTelemetry,
): Promise<RunningRoles> => {
  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>()
  const parts = openParts(config, log, fail, telemetry)
  const started: Started[] = []
  let operating: OperatorServer | null = null
  const stop = async () => {
    await Promise.all(started.map(one => one.stop()))
    await operating?.close()
    await parts.close()
  }
  let stopped: Promise<void> | null = null
  try {
    operating = await startOperating(parts, roles, () => started.length === roles.length)
    const nudges: (() => void)[] = []
    const nudge = () => {
      for (const one of nudges) one()
    }
    const starting = roles.map(async role => {
      const one = await start(role, parts, nudge, fail)
      started.push(one)
      if (one.nudge) nudges.push(one.nudge)
      log.info({ role }, `${role} runs`)
    })
    await Promise.allSettled(starting)
    await Promise.all(starting)
  } catch (error) {
    await stop()
    throw error
  }
  const url = started.find(one => one.url !== undefined)?.url ?? null
  return { url, operating: operating.address, failed, stop: () => (stopped ??= stop()) }
}

const start = async (role: Role, parts: Parts, nudge: () => void, failed: (error: Error) => void): Promise<Started> => {
  if (role === 'coordinator') return coordinator(parts)
  if (role === 'api') return startApi(parts, nudge)
  if (role === 'intake') return startIntake(parts, nudge, failed)
  return stage(role, parts, failed)
}

/** The database out of reach is waited for: LOADING's look-ups are part of its own work and would burn its attempts. */
const patient = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (isOutOfReach(error))
      throw new Wait('store_unreachable', `The database cannot be reached: ${messageOf(error)}`, 1000)
    throw error
  }
}

const stage = async (name: StageName, parts: Parts, failed: (error: Error) => void): Promise<Started> => {
  const { config, log, embedderFor } = parts
  const line = pipeline({
    openSource: replayOpener(
      sourceOpener(sourceKinds(config, await parts.parsers(), await crawlingWebParts(parts, patient))),
      {
        count: (...call) => patient(async () => replayDocuments((await parts.database()).pool).count(...call)),
        take: (...call) => patient(async () => replayDocuments((await parts.database()).pool).take(...call)),
      },
    ),
    embedderFor,
    store: {
      listed: (...call) => patient(async () => (await parts.store()).listed(...call)),
      finish: (...call) => patient(async () => (await parts.store()).finish(...call)),
    },
  })
  checkPipeline(Object.values(line) as unknown as readonly Stage[])
  const one = line[name] as unknown as Stage<Topic, readonly Topic[], unknown>
  return runStage({
    stage: one,
    worker: processName,
    broker: await parts.broker(),
    gate: await parts.gate(),
    codec: await parts.codec(),
    effects: one.effect ? await effectsOf(name, parts) : null,
    retry: config.retry,
    slicesAtOnce: config.stages.slicesAtOnce,
    meter: parts.metering.stages,
    tracing: parts.tracing,
    log,
    failed,
  })
}

/** What a stage with an effect writes to. */
const effectsOf = async (name: string, parts: Parts): Promise<Effects<unknown>> =>
  (name === tabulating.name ? await parts.tables() : await parts.store()) as Effects<unknown>

const coordinator = async (parts: Parts): Promise<Started> => {
  const { lanes, concurrency, queueDepth } = parts.config.jobs
  const { orm } = await parts.database()
  const store = await parts.store()
  const started = await startCoordinator({
    em: orm.em,
    broker: await parts.broker(),
    codec: await parts.codec(),
    log: parts.log,
    async forgetApplied(tx, jobIds) {
      await forgetApplied(tx, jobIds)
      await forgetFrontiers(tx, jobIds)
    },
    async claim(job, stage, lane) {
      if (stage === indexing.name) await store.claim(job, stage, lane)
      if (stage === tabulating.name) await (await parts.tables()).claim(job, stage, lane)
    },
    async discard(job, signal) {
      await store.finish(job, 'drop_unflipped', signal)
      await store.finish(job, 'prune_versions', signal)
    },
    async tidy(job, signal) {
      await store.finish(job, 'prune_versions', signal)
      await store.finish(job, 'build_index', signal)
    },
    knowledgeBases,
    queueDepth,
    readRequest: requestReader(await requestPorts(parts)),
    lanes,
    upstreamPartitions: parts.config.upstream.partitions,
    concurrency,
    holder: processName,
  })
  await watchLine(parts, started)
  return started
}
