import { setTimeout as delay } from 'node:timers/promises'
import type { Worker } from '../kit/installation.ts'
import type { Frame, Rule } from './kafka-proxy.ts'
import { NotStruck } from './not-struck.ts'
import type { Rig } from './rig.ts'

/** How long a fault waits for its occasion. */
export const withinMs = 15_000
/** Longer than a session of 6 s. */
export const pastSessionMs = 8_000

/** Puts a rule in force between the processes and Kafka until `work` has ended. */
export const under = async (rig: Rig, rule: Rule, work: () => Promise<void>): Promise<void> => {
  rig.rule(rule)
  await work().finally(() => rig.rule(null))
}

/** What is about to come; throws NotStruck when it does not. */
export const soon = async <T>(what: string, coming: Promise<T>, ms = withinMs): Promise<T> => {
  const late = new AbortController()
  const never = delay(ms, undefined, { signal: late.signal }).then(() => {
    throw new NotStruck(`${what} did not come in time`)
  })
  return Promise.race([coming, never]).finally(() => late.abort())
}

/** The worker whose frame it is; the API is none. */
export const workerOf = (rig: Rig, frame: Frame): Worker | undefined =>
  rig.penstock.workers.find(worker => worker.role !== 'api' && rig.isOf(worker, frame.client))

/** A request of any worker, or the answer to one. */
export const ofWorker = (rig: Rig, direction: Frame['direction'], key: number) => (frame: Frame) =>
  frame.direction === direction && frame.api === key && workerOf(rig, frame) !== undefined

/** Stops a process for longer than a session. */
export const freeze = async (worker: Worker): Promise<void> => {
  worker.signal('SIGSTOP')
  await delay(pastSessionMs).finally(() => worker.signal('SIGCONT'))
}
