import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { ApiMeter } from './api/ports.ts'
import type { Config } from './config.ts'
import type { JobChange } from './coordinator/job-changes.ts'
import type { IntakeMeter } from './intake/meter.ts'
import type { BreakerState, ModelMeter } from './models/meter.ts'
import type { StageMeter } from './runtime/meter.ts'
import { intake } from './schemas/names.ts'
import { instruments } from './telemetry/instruments.ts'
import { Metrics } from './telemetry/metrics.ts'
import { uploadDirOf } from './upload-dir.ts'
import { version } from './version.ts'

/** What the parts of a process tell, as instruments: the one place that joins their ports to `/metrics`. */
export interface Metering {
  readonly metrics: Metrics
  readonly stages: StageMeter
  readonly intake: IntakeMeter
  readonly models: ModelMeter
  readonly api: ApiMeter
  /** A job was admitted or has another status. */
  job(change: JobChange): void
  /** The pool of this process, and how many connections it may open. */
  pool(pool: Connections, max: number): void
  roles(names: readonly string[]): void
  /** How many spans were lost since the start of the process. */
  spansLost(lost: () => number): void
}

/** Of a pool of `pg`. */
interface Connections {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
}

export const openMetering = (config: Config, log: Pick<Logger, 'warn'>): Metering => {
  const metrics = new Metrics({
    failed: (error, gauges) =>
      log.warn({ err: error, gauges, operation: 'metrics' }, 'gauges cannot be had and are left out'),
  })
  watchDisks(metrics, { data: config.dataDir, uploads: uploadDirOf(config) })
  return {
    metrics,
    stages: stageMeter(metrics),
    intake: intakeMeter(metrics),
    models: modelMeter(metrics, config.embedding.price ?? null),
    api: {
      answered({ method, route, status, seconds }) {
        metrics.add(instruments.apiRequests, { method, route, status: String(status) })
        if (seconds !== null) metrics.observe(instruments.apiSeconds, { method, route }, seconds)
      },
    },
    job: change => tellJob(metrics, change),
    pool(pool, max) {
      const { pool: connections, poolWaiting, poolMax } = instruments
      metrics.look([connections, poolWaiting, poolMax], set => {
        set(connections, { state: 'used' }, pool.totalCount - pool.idleCount)
        set(connections, { state: 'idle' }, pool.idleCount)
        set(poolWaiting, {}, pool.waitingCount)
        set(poolMax, {}, max)
      })
    },
    spansLost: lost => metrics.read(instruments.spansLost, lost),
    roles: names =>
      metrics.look([instruments.info], set => set(instruments.info, { version, roles: names.join(' ') }, 1)),
  }
}

const stageMeter = (metrics: Metrics): StageMeter => ({
  sliceDone({ stage, kbId: kb_id, model, seconds, documents, chunksIn, chunksOut, embedded, codes }) {
    metrics.observe(instruments.sliceSeconds, { stage }, seconds)
    if (documents > 0) metrics.add(instruments.documents, { kb_id, stage }, documents)
    if (chunksIn > 0) metrics.add(instruments.chunks, { stage }, chunksIn)
    if (chunksOut > 0) metrics.add(instruments.chunksCreated, { kb_id }, chunksOut)
    if (embedded > 0) metrics.add(instruments.embeddings, { kb_id, model }, embedded)
    for (const code of codes) {
      metrics.add(instruments.deadLetters, { stage, code })
      if (stage === 'loading') metrics.add(instruments.extractionErrors, { code })
    }
  },
  failed(stage, code, kind) {
    if (kind === 'fail') metrics.add(instruments.phaseFailures, { stage, code })
    else metrics.add(instruments.retries, { stage, kind })
  },
})

const intakeMeter = (metrics: Metrics): IntakeMeter => ({
  rejected(codes) {
    for (const code of codes) metrics.add(instruments.deadLetters, { stage: intake, code })
  },
  retried: () => metrics.add(instruments.retries, { stage: intake, kind: 'retry' }),
})

const breakerStates = { closed: 0, trying: 1, open: 2 } as const

const modelMeter = (metrics: Metrics, price: number | null): ModelMeter => {
  const breakers = new Map<string, Set<() => BreakerState>>()
  const look = () =>
    metrics.look([instruments.breaker], set => {
      for (const [model, states] of breakers)
        set(instruments.breaker, { model }, Math.max(...[...states].map(state => breakerStates[state()])))
    })
  return {
    ...requestMeter(metrics, price),
    breaker: (model, state) => {
      if (breakers.size === 0) look()
      breakers.set(model, (breakers.get(model) ?? new Set()).add(state))
    },
  }
}

const requestMeter = (metrics: Metrics, price: number | null): Pick<ModelMeter, 'answered' | 'failed'> => ({
  answered(model, { seconds, tokens }) {
    metrics.observe(instruments.providerSeconds, { model }, seconds)
    metrics.add(instruments.providerRequests, { model, outcome: 'ok' })
    if (tokens === null) return
    metrics.add(instruments.providerTokens, { model }, tokens)
    if (price !== null) metrics.add(instruments.providerCost, { model }, (tokens / 1_000_000) * price)
  },
  failed(model, { seconds, code: outcome }) {
    metrics.observe(instruments.providerSeconds, { model }, seconds)
    metrics.add(instruments.providerRequests, { model, outcome })
  },
})

const tellJob = (metrics: Metrics, { job, from, to }: JobChange): void => {
  const kb_id = job.kbId
  if (from === null) metrics.add(instruments.jobs, { kb_id, source_type: sourceTypeOf(job) })
  if (!job.completedAt || to === 'running') return
  const ms = job.completedAt.getTime() - (job.startedAt ?? job.completedAt).getTime()
  metrics.observe(instruments.jobSeconds, { kb_id, status: to }, ms / 1000)
}

/** `mixed` where a job has sources of several types, `replay` for dead letters. */
const sourceTypeOf = ({ kind, submission }: JobChange['job']): string => {
  if (kind === 'replay') return 'replay'
  const types = new Set(submission.sources.map(({ type }) => type))
  return types.size === 1 ? [...types][0]! : types.size === 0 ? kind : 'mixed'
}

const watchDisks = (metrics: Metrics, folders: Readonly<Record<string, string>>): void => {
  const { diskFree, diskSize } = instruments
  metrics.look([diskFree, diskSize], async set => {
    for (const [folder, path] of Object.entries(folders)) {
      if (!existsSync(path)) continue
      const { bavail, blocks, bsize } = await statfs(path)
      set(diskFree, { folder }, bavail * bsize)
      set(diskSize, { folder }, blocks * bsize)
    }
  })
}
