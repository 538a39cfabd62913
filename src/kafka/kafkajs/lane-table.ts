import type { BrokerRecord } from '../broker.ts'

/** A stretch of a lane. `first` is where the one before it ended, or the last `seek`. */
export interface Stretch {
  readonly lane: number
  readonly first: number
  readonly next: number
  readonly records: readonly BrokerRecord[]
}

export interface Lane {
  readonly lane: number
  position: number | null
  paused: boolean
  /** Grows with every seek; what was asked for an older one is dropped. */
  generation: number
  /** The generation of the fetch in flight. */
  asked: number | null
  /** Fetched while the lane was paused; delivered on resume. */
  held: Stretch | null
}

/** A lane as it was when a fetch was sent. */
export interface Asked {
  readonly lane: Lane
  readonly generation: number
  readonly position: number
}

/** Where each lane of a reader stands, and which may be asked for. */
export class LaneTable {
  readonly #lanes = new Map<number, Lane>()

  /** From here on these are the lanes, all paused and without a position. */
  assign(lanes: readonly number[]): void {
    this.#lanes.clear()
    for (const lane of lanes)
      this.#lanes.set(lane, { lane, position: null, paused: true, generation: 0, asked: null, held: null })
  }

  seek(lane: number, position: number): void {
    const known = this.#lanes.get(lane)
    if (!known) return
    known.position = position
    known.generation++
    known.held = null
  }

  pause(lanes: readonly number[]): void {
    for (const lane of lanes) {
      const known = this.#lanes.get(lane)
      if (known) known.paused = true
    }
  }

  /** Those of the lanes that have a stretch to deliver. */
  resume(lanes: readonly number[]): readonly Lane[] {
    const holding: Lane[] = []
    for (const lane of lanes) {
      const known = this.#lanes.get(lane)
      if (!known?.paused) continue
      known.paused = false
      if (known.held) holding.push(known)
    }
    return holding
  }

  ready(): readonly Lane[] {
    return [...this.#lanes.values()].filter(
      ({ paused, held, position, asked, generation }) => !paused && !held && position !== null && asked !== generation,
    )
  }

  ask(lane: Lane): Asked {
    lane.asked = lane.generation
    return { lane, generation: lane.generation, position: lane.position! }
  }

  free({ lane, generation }: Asked): void {
    if (lane.asked === generation) lane.asked = null
  }

  /** False when the lane was given away or sought since it was asked for. */
  isCurrent({ lane, generation }: Asked): boolean {
    return this.#lanes.get(lane.lane) === lane && lane.generation === generation
  }

  /** Takes the stretch that a resumed lane has held. */
  release(lane: Lane): Stretch | null {
    const { held, paused } = lane
    if (!held || paused || this.#lanes.get(lane.lane) !== lane) return null
    lane.held = null
    return held
  }
}
