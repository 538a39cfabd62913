import type { Kernel } from './kernel.ts'

/** Something that is to happen to somebody. */
export interface Waiting {
  readonly actor: Actor
  /** An `arrival` comes from outside, a `timer` from the process itself. */
  readonly kind: 'arrival' | 'timer'
  /** Says what it is; '' for what nobody wants to read of. */
  readonly label: string
  readonly work: () => void
  cancelled: boolean
}

/** A process: nothing of it happens after its death, and while it is frozen all that is for it waits. */
export class Actor {
  readonly name: string
  state: 'running' | 'frozen' | 'dead' = 'running'
  /** Since when it is frozen. */
  since = 0
  readonly froze = new Set<() => void>()
  readonly woke = new Set<() => void>()
  readonly died = new Set<() => void>()
  /** Told the group that it is to leave and join again. */
  readonly rejoins = new Set<(group: string) => void>()
  /** How long it stays away once it is dead, in ms. */
  awayMs = 0
  readonly #kernel: Kernel
  #kept: Waiting[] = []

  constructor(name: string, kernel: Kernel) {
    this.name = name
    this.#kernel = kernel
  }

  /** False when the event does not happen, or not now. */
  takes(event: Waiting): boolean {
    if (this.state === 'frozen') this.#kept.push(event)
    return this.state === 'running'
  }

  kill(awayMs = 100 + 3_000 * this.#kernel.random()): void {
    if (this.state === 'dead') return
    this.#kernel.say(`${this.name} is killed`)
    this.state = 'dead'
    this.awayMs = awayMs
    this.#kept = []
    for (const tell of this.died) tell()
  }

  freeze(ms: number): void {
    if (this.state !== 'running') return
    const kernel = this.#kernel
    kernel.say(`${this.name} is frozen for ${ms.toFixed(0)} ms`)
    this.state = 'frozen'
    this.since = kernel.now
    for (const tell of this.froze) tell()
    kernel.post(kernel.nature, kernel.now + ms, 'timer', '', () => this.#wake())
  }

  /** What came from outside meanwhile is there first, in its order; then its timers go off. */
  #wake(): void {
    if (this.state !== 'frozen') return
    const kernel = this.#kernel
    kernel.say(`${this.name} wakes`)
    this.state = 'running'
    const kept = this.#kept.filter(event => !event.cancelled)
    this.#kept = []
    for (const tell of this.woke) tell()
    let at = kernel.now
    const again = (event: Waiting) => {
      at += 0.01
      const { kind, label } = event
      // The event itself is asked when its time comes: its owner may have cancelled it until then.
      kernel.post(this, at, kind, label, () => event.cancelled || event.work())
    }
    for (const event of kept) if (event.kind === 'arrival') again(event)
    for (const event of kept) if (event.kind === 'timer') again(event)
  }
}
