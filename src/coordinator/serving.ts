import type { Follower, LaneBatch } from '../kafka/broker.ts'
import { deadLetters, progressTopic, type Topic } from '../schemas/topics.ts'
import { applyCommands } from './commands.ts'
import { publish, settle } from './publications.ts'
import { giveUp, releaseLanes, trimLanes } from './releasing.ts'
import { applyProgress, positions, storeDeadLetters } from './reports.ts'
import { createSerial } from './serial.ts'
import { startJobs } from './starting.ts'
import type { Tenure } from './tenure.ts'

export interface ServeOptions {
  /** Ends the work; `serve` then returns. */
  readonly signal: AbortSignal
  /** Resolves at once when there may be a command, else after a while. */
  wait(signal: AbortSignal): Promise<void>
  /** One light query: is there a command to apply? */
  commandsWait(): Promise<boolean>
}

/**
 * The work of the active coordinator until the signal aborts: finishes what the one before it had planned, then
 * applies commands, progress and dead letters, one thing at a time. Any error ends it; it is safe to serve again
 * with a new transactor.
 */
export const serve = async (tenure: Tenure, { signal: ended, wait, commandsWait }: ServeOptions): Promise<void> => {
  const serial = createSerial()
  const over = new AbortController()
  const signal = AbortSignal.any([ended, over.signal])
  const fail = (error: unknown) => over.abort(error)
  const trims = new Set<Promise<void>>()
  const followers: Follower[] = []

  const act = async () => {
    await applyCommands(tenure)
    await giveUp(tenure)
    await publish(tenure)
    const freed = await releaseLanes(tenure)
    await startJobs(tenure)
    if (freed.length === 0) return
    const trim: Promise<void> = trimLanes(tenure, freed).finally(() => trims.delete(trim))
    trims.add(trim)
  }
  const read = (work: (batch: LaneBatch) => Promise<void>) => (batch: LaneBatch) =>
    serial(async () => {
      signal.throwIfAborted()
      await work(batch)
    }).catch(error => {
      fail(error)
      throw error
    })
  const follow = async (topic: Topic, work: (batch: LaneBatch) => Promise<void>) => {
    const from = await positions(tenure, topic)
    followers.push(await tenure.broker.follow({ topic: topic.name, from, records: read(work), failed: fail }))
  }
  const listen = async () => {
    while (!signal.aborted) {
      await wait(signal)
      if (!signal.aborted && (await commandsWait())) await serial(act)
    }
  }

  try {
    await settle(tenure)
    await act()
    await follow(progressTopic, async batch => {
      if (await applyProgress(tenure, batch)) await act()
    })
    await follow(deadLetters, batch => storeDeadLetters(tenure, batch))
    await listen()
    if (over.signal.aborted) throw over.signal.reason
  } finally {
    await Promise.allSettled(followers.map(follower => follower.stop()))
    await serial(async () => undefined).catch(() => undefined)
    await Promise.allSettled(trims)
  }
}
