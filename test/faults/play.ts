import assert from 'node:assert/strict'
import type { StageName } from '../../src/pipeline.ts'
import { NotStruck } from './failpoint-server.ts'
import { seeded } from './random.ts'
import type { Rig } from './rig.ts'
import type { Planned } from './schedule.ts'

export interface Played {
  readonly kind: string
  readonly seed: number
  /** `missed`: there was no occasion to strike, so nothing was tried. */
  readonly outcome: 'held' | 'broken' | 'missed'
  /** What was broken. */
  readonly error: string | null
  /** From the end of the fault until every lane with work left was worked on again, in ms. */
  readonly recoveryMs: number
  /** Texts that the model was asked for again. */
  readonly wasted: number
}

const stages = ['loading', 'chunking', 'embedding', 'indexing'] as const satisfies readonly StageName[]
/** Slow enough that a fault falls into the middle of a job. */
const pace = { modelMs: 120, biteS: 0.15 } as const

/**
 * A job on the rig, struck by one fault in the middle, and then held against what it must come to: the invariant of
 * `isWhole` (nothing lost, nothing doubled, nothing half done, no slice by a fenced worker, progress equal to the ledger).
 */
export const play = async (rig: Rig, { kind, seed }: Planned, kb: string): Promise<Played> => {
  const random = seeded(seed)
  const { penstock, provider } = rig
  const since = provider.texts.length
  provider.latencyMs = pace.modelMs
  await penstock.witness.slow('loading', pace.biteS)
  const job = await rig.start(kb)
  let outcome: Played['outcome'] = 'held'
  let error: string | null = null
  let over = performance.now()
  try {
    await rig.seen(job, stages[Math.floor(random() * 3)]!)
    await kind.strike(rig, { job, kb }, random).catch(reason => {
      if (!(reason instanceof NotStruck)) throw reason
      outcome = 'missed'
    })
    over = performance.now()
    await rig.heal()
    await rig.isWhole(job, kb)
    assert.deepEqual(await penstock.halfWritten(kb), [], 'versions that nobody sees')
  } catch (reason) {
    outcome = 'broken'
    error = reason instanceof Error ? reason.message : String(reason)
    await rig.heal()
    await penstock.client.cancel({ params: { kb_id: kb }, body: {} }).catch(() => undefined)
  }
  const texts = provider.texts.slice(since)
  return {
    kind: kind.name,
    seed,
    outcome,
    error,
    recoveryMs: Math.round(Math.max(...stages.map(stage => penstock.ledger.recovery(job, stage, over)))),
    wasted: texts.length - new Set(texts).size,
  }
}
