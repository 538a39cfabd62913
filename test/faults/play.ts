import assert from 'node:assert/strict'
import type { Struck } from './kind.ts'
import { NotStruck } from './not-struck.ts'
import { seeded } from './random.ts'
import type { Rig } from './rig.ts'
import type { Planned } from './schedule.ts'
import { subjects } from './subjects.ts'
import { undisturbedCalls } from './undisturbed.ts'

export interface Played {
  readonly kind: string
  readonly rows: readonly number[]
  readonly seed: number
  /** `missed`: there was no occasion to strike, so nothing was tried. */
  readonly outcome: 'held' | 'broken' | 'missed'
  /** What was broken, or why it was missed. */
  readonly error: string | null
  /** What the fault itself says. */
  readonly note: string | null
  /** From the end of the fault, in ms. */
  readonly recovery: {
    /** Until the first slice was committed. */
    readonly first: number
    /** Until every lane with work left was worked on again. */
    readonly all: number
    /** Until the job had ended. */
    readonly end: number
  }
  readonly wasted: {
    /** Requests to the model beyond those of an undisturbed run, which are fewer when slices were larger. */
    readonly calls: number
    /** Texts that the model was asked for again. */
    readonly texts: number
  }
}

/** A fault around which the rig itself failed: its job was not seen to be whole. */
export const unplayable = ({ kind, seed }: Planned, error: unknown): Played => ({
  ...{ kind: kind.name, rows: kind.rows, seed, outcome: 'broken', note: null },
  error: error instanceof Error ? error.message : String(error),
  ...{ recovery: { first: 0, all: 0, end: 0 }, wasted: { calls: 0, texts: 0 } },
})

/** Of the model: slow enough that a fault falls into the middle of a job. */
const modelMs = 120

/**
 * A job on the rig, struck by one fault in the middle, and then held against what it must come to: the invariant of
 * its sort (nothing lost, nothing doubled, nothing half done, no slice by a fenced worker, progress equal to the ledger),
 * with every worker that was not killed still there.
 */
export const play = async (rig: Rig, { kind, seed }: Planned, kb: string): Promise<Played> => {
  const random = seeded(seed)
  const { penstock, provider } = rig
  const on = kind.on ?? 'documents'
  const subject = subjects[on]
  const undisturbed = await undisturbedCalls(rig, on)
  const since = provider.texts.length
  provider.latencyMs = modelMs
  await penstock.witness.slow('loading', subject.biteS)
  const begun = await subject.begin(rig, kb, random)
  const { job } = begun
  let outcome: Played['outcome'] = 'held'
  let error: string | null = null
  let struck: Struck = {}
  let over = performance.now()
  let end = 0
  try {
    await begun.underWay(random)
    try {
      const tell = (more: Struck) => {
        struck = more
      }
      await kind.strike(rig, { job, kb, tell }, random)
    } catch (reason) {
      if (!(reason instanceof NotStruck)) throw reason
      outcome = 'missed'
      error = reason.message
    }
    over = performance.now()
    const overAt = Date.now()
    await rig.heal()
    end = (await begun.isWhole(struck)) - overAt
    assert.deepEqual(await penstock.halfWritten(kb), [], 'versions that nobody sees')
    const gone = await penstock.bringBack()
    assert.equal(gone.length, 0, `workers that ended by themselves: ${gone.join('; ')}`)
  } catch (reason) {
    outcome = 'broken'
    error = reason instanceof Error ? reason.message : String(reason)
    await rig.heal()
    await penstock.bringBack()
    await penstock.client.cancel({ params: { kb_id: kb }, body: {} }).catch(() => undefined)
  } finally {
    await begun.end()
  }
  const texts = provider.texts.slice(since)
  const whole = struck.job ?? job
  const commits = penstock.ledger.of(whole).flatMap(({ at }) => (at > over ? [at - over] : []))
  return {
    kind: kind.name,
    rows: kind.rows,
    seed,
    outcome,
    error,
    note: struck.note ?? null,
    recovery: {
      first: Math.round(commits.length > 0 ? Math.min(...commits) : 0),
      all: Math.round(Math.max(...subject.stages.map(stage => penstock.ledger.recovery(whole, stage, over)))),
      end: Math.max(0, end),
    },
    wasted: {
      calls: Math.max(0, rig.calls(kb) - undisturbed),
      texts: texts.length - new Set(texts).size,
    },
  }
}
