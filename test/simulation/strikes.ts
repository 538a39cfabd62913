import type { Actor } from './actor.ts'
import type { Op } from './wire.ts'

/** What can happen to a process as it asks something of the outside. */
export interface Blow {
  readonly blow: 'kill before' | 'kill' | 'freeze' | 'refused' | 'lost' | 'late' | 'slow'
  readonly ms: number
}

interface Armed extends Blow {
  readonly process: string
  readonly op: Op
}

/** Blows that wait for a process to come to a certain call; each strikes once. */
export class Strikes {
  #armed: Armed[] = []

  arm(blow: Armed): void {
    this.#armed.push(blow)
  }

  take(actor: Actor, op: Op): Blow | null {
    if (this.#armed.length === 0) return null
    const found = this.#armed.findIndex(one => one.op === op && actor.name.startsWith(one.process))
    return found < 0 ? null : this.#armed.splice(found, 1)[0]!
  }

  /** What has not struck by now does not strike any more. */
  end(): void {
    this.#armed = []
  }
}
