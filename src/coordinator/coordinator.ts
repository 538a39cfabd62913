import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from 'pino'
import type { Broker } from '../kafka/broker.ts'
import { messageOf } from '../runtime/errors.ts'
import type { Codec } from '../schemas/codec.ts'
import { createBell, sleep } from './bell.ts'
import { claimCluster } from './cluster.ts'
import { ensureLanes } from './lanes.ts'
import { asHolder, createLease, LeaseLost } from './lease.ts'
import { someDue } from './schedule-rows.ts'
import { serve } from './serving.ts'
import type { CoordinatorDoor, CoordinatorStore, Tenure } from './tenure.ts'

/** One coordinator of several: it stands by until it gets the lease, then it is the active one until it loses it. */
export interface Coordinator {
  /** True while it holds the lease and has taken over the work. */
  readonly active: boolean
  /** Says that a command was just inserted, so that it is applied at once. */
  nudge(): void
  /** Ends its work, lets a standby take over at once, and resolves when nothing of it is left. */
  stop(): Promise<void>
}

export interface CoordinatorOptions extends CoordinatorStore, CoordinatorDoor {
  readonly em: EntityManager
  readonly broker: Broker
  readonly codec: Codec
  readonly log: Logger
  /** Partitions of the stage topics that jobs may be given. */
  readonly lanes: number
  /** Partitions of `upstream.documents`. */
  readonly upstreamPartitions: number
  /** How many jobs may be running at once. */
  readonly concurrency: number
  /** Names this process in the lease row: host and process id. */
  readonly holder: string
  /** How long nobody else may take over after the last renewal. */
  readonly leaseMs?: number
  /** How often an idle coordinator looks for commands of other processes; five times as often while there are jobs. */
  readonly pollMs?: number
  /** How often it looks who works on the lanes of unfinished jobs. */
  readonly watchMs?: number
  /** How often streams are tidied. */
  readonly tidyMs?: number
  /** How long the sources of a schedule, or of a command by Kafka, may take to answer when they are checked. */
  readonly checkMs?: number
}

/** Refuses a database that belongs to another cluster, then competes for the lease in the background. */
export const startCoordinator = async (options: CoordinatorOptions): Promise<Coordinator> => {
  const { em, broker, log, holder, lanes, leaseMs = 6_000, pollMs = 500 } = options
  const { watchMs = 1_000, tidyMs = 600_000, checkMs = 10_000 } = options
  await claimCluster(em, await broker.clusterId())
  const lease = createLease(em, holder, leaseMs)
  const stopping = new AbortController()
  let active = false
  const bell = createBell()

  /** Takes the lease over and over again until it has it; null when stopping. */
  const acquire = async (): Promise<number | null> => {
    while (!stopping.signal.aborted) {
      try {
        const epoch = await lease.acquire()
        if (epoch !== null) return epoch
      } catch (error) {
        log.warn({ err: error, operation: 'lease' }, `the coordinator's lease cannot be asked for: ${messageOf(error)}`)
      }
      await sleep(leaseMs / 3, stopping.signal)
    }
    return null
  }

  /** Renews until the signal aborts; aborts the tenure itself when the lease was lost. */
  const renew = async (epoch: number, tenure: AbortController): Promise<void> => {
    for (;;) {
      await sleep(leaseMs / 3, tenure.signal)
      if (tenure.signal.aborted) return
      try {
        await lease.renew(epoch)
      } catch (error) {
        log.warn({ err: error, operation: 'lease' }, `the coordinator's lease was not renewed: ${messageOf(error)}`)
        if (error instanceof LeaseLost) tenure.abort(error)
      }
    }
  }

  /** While there are jobs somebody may be waiting for an answer: then it looks more often. */
  let busy = true
  const look = async () => {
    const [found] = await em.fork().execute<{ waiting: boolean; busy: boolean; due: boolean; deleting: boolean }[]>(
      `select exists (select from command where applied_at is null) as waiting,
         exists (select from job where status in ('pending', 'running', 'paused')) as busy, ${someDue} as due,
         exists (select from knowledge_base_deletion) as deleting`,
    )
    const { waiting: commands, due, deleting } = found!
    busy = found!.busy || deleting
    return { commands, due, deleting }
  }

  const serveOnce = async (epoch: number, signal: AbortSignal): Promise<void> => {
    const transactor = await broker.fence('coordinator')
    try {
      const transaction: Tenure['transaction'] = work => asHolder(em, epoch, work)
      // Fenced first and checked after: whoever takes the lease later than this check fences later than this fence.
      await transaction(tx => ensureLanes(tx, lanes))
      await lease.note(epoch, null)
      active = true
      await serve(
        { ...options, epoch, transactor, transaction, apart: work => em.fork().transactional(work) },
        { signal, wait: until => bell.wait(busy ? pollMs / 5 : pollMs, until), look, watchMs, tidyMs, checkMs },
      )
    } finally {
      active = false
      await transactor.close()
    }
  }

  const unsaid = (error: unknown) =>
    log.warn({ err: error, operation: 'lease' }, `the database cannot be told: ${messageOf(error)}`)

  /** Works for as long as the lease is held, beginning anew after an error. */
  const hold = async (epoch: number): Promise<void> => {
    const tenure = new AbortController()
    const renewing = renew(epoch, tenure)
    const signal = AbortSignal.any([stopping.signal, tenure.signal])
    log.info({ epoch, holder }, 'this coordinator is the active one')
    while (!signal.aborted) {
      try {
        await serveOnce(epoch, signal)
      } catch (error) {
        if (error instanceof LeaseLost) tenure.abort(error)
        if (!signal.aborted) {
          log.error({ err: error, epoch }, `the coordinator begins anew: ${messageOf(error)}`)
          await lease.note(epoch, `the coordinator, which begins anew: ${messageOf(error)}`).catch(unsaid)
        }
        await sleep(Math.min(1_000, leaseMs / 3), signal)
      }
    }
    tenure.abort()
    await renewing
  }

  const run = async (): Promise<void> => {
    for (;;) {
      const epoch = await acquire()
      if (epoch === null) return
      await hold(epoch)
      if (stopping.signal.aborted)
        await lease.release(epoch).catch(error => {
          log.warn({ err: error, operation: 'lease' }, `the lease ends by itself: ${messageOf(error)}`)
        })
    }
  }
  const running = run()

  return {
    get active() {
      return active
    },
    nudge: () => bell.ring(),
    async stop() {
      stopping.abort()
      await running
    },
  }
}
