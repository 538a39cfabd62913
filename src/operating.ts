import { type Dependency, statesOf } from './api/dependencies.ts'
import type { Coordinator } from './coordinator/coordinator.ts'
import { lineGauges } from './coordinator/gauges.ts'
import type { Parts } from './parts.ts'
import { messageOf } from './runtime/errors.ts'
import { instruments } from './telemetry/instruments.ts'
import { changeLevel } from './telemetry/log.ts'
import { type OperatorServer, startOperatorServer } from './telemetry/operator-server.ts'

/** Stages that have nothing to do with the database. */
const withoutDatabase: readonly string[] = ['chunking', 'embedding']

const answerWithinMs = 2_000

/** Starts what operators ask of this process, which is ready at the earliest when `running` says so. Throws a sentence when its port cannot be had. */
export const startOperating = async (
  parts: Parts,
  roles: readonly string[],
  running: () => boolean,
): Promise<OperatorServer> => {
  const { config, log, metering } = parts
  const { host, port } = config.metrics
  metering.roles(roles)
  const look = statesOf(dependenciesOf(parts, roles), answerWithinMs)
  const server = await startOperatorServer({
    host,
    port,
    metrics: metering.metrics,
    async ready() {
      if (!running())
        return { ready: false, dependencies: [{ name: 'roles', ready: false, message: 'They are starting.' }] }
      const states = await look()
      return { ready: states.every(({ ready }) => ready), dependencies: states }
    },
    logLevel: {
      get: () => log.level,
      set(level) {
        log.info({ from: log.level, to: level, operation: 'log level' }, `the log level is ${level} from here on`)
        changeLevel(log, level)
      },
    },
    failed: (error, url, request_id) =>
      log.error({ err: error, url, request_id, operation: 'operate' }, messageOf(error)),
  }).catch((error: unknown) => {
    throw new Error(
      `Metrics cannot be served at ${host}:${port}: ${messageOf(error)}. Set PENSTOCK_METRICS_HOST or PENSTOCK_METRICS_PORT.`,
      { cause: error },
    )
  })
  log.info({ address: server.address }, `metrics are at http://${server.address}/metrics`)
  return server
}

/** What the roles of a process need to do their work. */
export const dependenciesOf = (parts: Parts, roles: readonly string[]): readonly Dependency[] => {
  const database = { name: 'database', check: async () => void (await (await parts.database()).pool.query('select 1')) }
  const kafka = { name: 'kafka', check: async () => void (await (await parts.broker()).clusterId()) }
  return roles.every(role => withoutDatabase.includes(role)) ? [kafka] : [database, kafka]
}

/** What the coordinator that holds the lease knows of the line, looked for when somebody asks. */
export const watchLine = async (parts: Parts, coordinator: Pick<Coordinator, 'active'>): Promise<void> => {
  const { metering } = parts
  const { partitions } = parts.config.upstream
  const look = lineGauges({ em: (await parts.database()).orm.em, broker: await parts.broker(), partitions })
  const { coordinatorActive, jobsActive, jobsPaused, jobsFailed, queueDepth, jobSilence } = instruments
  const { deadLettersOpen, lag, oldestAge, laneHeld, stageWorkers } = instruments
  metering.metrics.look([coordinatorActive], set => set(coordinatorActive, {}, Number(coordinator.active)))
  const ofJobs = [jobsActive, jobsPaused, jobsFailed, queueDepth, jobSilence]
  metering.metrics.look([...ofJobs, deadLettersOpen, lag, oldestAge, laneHeld, stageWorkers], async set => {
    if (!coordinator.active) return
    const line = await look()
    set(jobsActive, {}, line.running)
    set(jobsPaused, {}, line.paused)
    set(queueDepth, {}, line.queued)
    set(jobsFailed, {}, line.failed)
    for (const { stage, seconds } of line.silence) set(jobSilence, { stage }, seconds)
    for (const { stage, count } of line.deadLetters) set(deadLettersOpen, { stage }, count)
    for (const { stage, count } of line.workers) set(stageWorkers, { stage }, count)
    for (const { stage, lane, lag: records, ageSeconds, held } of line.lanes) {
      const labels = { stage, lane: String(lane) }
      set(lag, labels, records)
      set(oldestAge, labels, ageSeconds)
      set(laneHeld, labels, Number(held))
    }
  })
}
