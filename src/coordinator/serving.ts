import type { Follower, LaneBatch } from '../kafka/broker.ts'
import { deadLetters, jobCommands, progressTopic, type Topic } from '../schemas/topics.ts'
import { sleep } from './bell.ts'
import { applyCommands } from './commands.ts'
import { createDeleting } from './deleting.ts'
import { discardJob, jobsToDiscard } from './discarding.ts'
import type { JobRow } from './entities.ts'
import { positions } from './followed.ts'
import { takeCommands } from './ingress.ts'
import { publish, settle } from './publications.ts'
import { readUpTo } from './read-up-to.ts'
import { dueSources, startDue } from './refreshing.ts'
import { giveUp, releaseLanes, trimLanes } from './releasing.ts'
import { applyProgress, countsRejects, readReports, storeDeadLetters } from './reports.ts'
import { createRequestChecks } from './request-checks.ts'
import { createSerial, type InTurn } from './serial.ts'
import { startJobs } from './starting.ts'
import type { Tenure } from './tenure.ts'
import { tidyStreams } from './tidying.ts'
import { watchLanes } from './vacancies.ts'

export interface ServeOptions {
  /** Ends the work; `serve` then returns. */
  readonly signal: AbortSignal
  /** Resolves at once when there may be a command, else after a while. */
  wait(signal: AbortSignal): Promise<void>
  /** One light query: is there a command to apply, a source to be read again, a knowledge base to delete? */
  look(): Promise<{ readonly commands: boolean; readonly due: boolean; readonly deleting: boolean }>
  /** How often to look who works on the lanes of unfinished jobs. */
  readonly watchMs: number
  /** How often streams are tidied. */
  readonly tidyMs: number
  /** How long the sources of a request may take to answer when they are checked. */
  readonly checkMs: number
}

/**
 * The work of the active coordinator until the signal aborts: finishes what the one before it had planned, then
 * applies commands, progress and dead letters, one thing at a time. Any error ends it; it is safe to serve again
 * with a new transactor.
 */
export const serve = async (
  tenure: Tenure,
  { signal: ended, wait, look, watchMs, tidyMs, checkMs }: ServeOptions,
): Promise<void> => {
  const serial = createSerial()
  const over = new AbortController()
  const signal = AbortSignal.any([ended, over.signal])
  const fail = (error: unknown) => over.abort(error)
  /**
   * In turn, and never after an error: a publication whose commit, or whose removal, is in doubt would be sent again by
   * whatever waits for its turn, and only the next tenure can tell.
   */
  const inTurn: InTurn = work =>
    serial(async () => {
      signal.throwIfAborted()
      try {
        return await work()
      } catch (error) {
        fail(error)
        throw error
      }
    })
  const checked: Tenure = { ...tenure, readRequest: createRequestChecks({ ...tenure, checkMs, signal }) }
  const aside = new Set<Promise<void>>()
  const refreshing = new Set<string>()
  const discarding = new Set<string>()
  const followers: Follower[] = []

  const act = async () => {
    await applyCommands(tenure)
    await giveUp(tenure)
    await publish(tenure)
    const freed = await releaseLanes(tenure)
    await startJobs(tenure)
    if (freed.length > 0) beside(trimLanes(tenure, freed))
    await discardJobs()
  }
  const refresh = async () => {
    for (const [kbId, rows] of await inTurn(() => dueSources(tenure))) {
      if (refreshing.has(kbId)) continue
      refreshing.add(kbId)
      const started = startDue(checked, kbId, rows, inTurn).finally(() => refreshing.delete(kbId))
      beside(started.then(admitted => (admitted ? inTurn(act) : undefined)).catch(fail))
    }
  }
  const discardJobs = async () => {
    for (const job of await jobsToDiscard(tenure)) if (!discarding.has(job.id)) beside(discard(job))
  }
  /** Work that need not be waited for, but for the end. */
  const beside = (work: Promise<void>) => {
    const one: Promise<void> = work.finally(() => aside.delete(one))
    aside.add(one)
  }
  const discard = async (job: JobRow) => {
    discarding.add(job.id)
    await discardJob(tenure, job, signal).finally(() => discarding.delete(job.id))
    if (!signal.aborted) await inTurn(act).catch(fail)
  }
  const follow = async (topic: Topic, records: (batch: LaneBatch) => Promise<void>) => {
    const from = await positions(tenure, topic)
    const follower = await tenure.broker.follow({ topic: topic.name, from, records, failed: fail })
    followers.push(follower)
    return follower
  }
  const listen = async (deletions: ReturnType<typeof createDeleting>) => {
    while (!signal.aborted) {
      await wait(signal)
      if (signal.aborted) return
      const { commands, due, deleting } = await look()
      if (commands) await inTurn(act)
      if (due) await refresh()
      if (deleting) await deletions.advance()
    }
  }

  const watch = async () => {
    const asked = new Set<string>()
    while (!signal.aborted) {
      await sleep(watchMs, signal)
      if (signal.aborted) return
      await inTurn(() => watchLanes(tenure, asked))
      // A stream that has become idle leaves its place to others.
      await inTurn(() => startJobs(tenure))
      await discardJobs()
    }
  }

  const tidy = async () => {
    const seen = new Map<string, number>()
    while (!signal.aborted) {
      await sleep(tidyMs, signal)
      if (!signal.aborted) await tidyStreams(tenure, seen, signal)
    }
  }

  try {
    await settle(tenure)
    await act()
    const letters = await follow(deadLetters, batch => inTurn(() => storeDeadLetters(tenure, batch)))
    await follow(progressTopic, async batch => {
      const reports = await readReports(tenure, batch)
      if (reports.some(countsRejects)) await readUpTo(letters, signal)
      await inTurn(async () => {
        if (await applyProgress(tenure, batch, reports)) await act()
      })
    })
    const commands = await follow(jobCommands, async batch => {
      await takeCommands(checked, batch, inTurn)
      await inTurn(act)
    })
    const followed = [letters, commands]
    const deletions = createDeleting(tenure, { inTurn, act, beside, followers: followed, signal, againMs: watchMs })
    await Promise.all([listen(deletions), watch().catch(fail), tidy().catch(fail)])
    if (over.signal.aborted) throw over.signal.reason
  } catch (error) {
    fail(error)
    if (!ended.aborted) throw error
  } finally {
    await Promise.allSettled(followers.map(follower => follower.stop()))
    await serial(async () => undefined).catch(() => undefined)
    await Promise.allSettled(aside)
  }
}
