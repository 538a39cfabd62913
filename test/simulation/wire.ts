import { BrokerError } from '../../src/kafka/broker.ts'
import type { Actor } from './actor.ts'
import type { Kernel } from './kernel.ts'
import type { Blow, Strikes } from './strikes.ts'

/** What a process asks of what is outside of it, named as a strike names it. */
export type Op =
  | 'fence'
  | 'caughtUp'
  | 'committed'
  | 'range'
  | 'send'
  | 'offset'
  | 'commit'
  | 'owners'
  | 'begin transaction'
  | 'commit transaction'
  | 'model'
  | 'deliver'

export type Failing = () => Error

/** What can become of a call. */
interface Ways {
  /** The request goes out, and its outcome to whatever is given here. */
  ask(settled: (settle: () => void) => void, late?: number): void
  answer(settle: () => void): void
  /** The caller is told that the connection was lost. */
  fail(): void
}

const unreachable: Failing = () => new BrokerError('unreachable', 'The connection was lost.')

/**
 * The only way from a process to the outside and back: the request takes a while to get there, and its answer to come
 * back. A strike may end or freeze the process at that moment, lose the request, lose the answer, or hold it up.
 */
export class Wire {
  readonly #kernel: Kernel
  readonly #strikes: Strikes

  constructor(kernel: Kernel, strikes: Strikes) {
    this.#kernel = kernel
    this.#strikes = strikes
  }

  /** How much longer than else a delivery to this process takes. */
  lag(actor: Actor): number {
    return this.#strikes.take(actor, 'deliver')?.ms ?? 0
  }

  /** Does the work outside, and resolves with what came of it when the process has heard; `lost` is what a lost connection throws. */
  call<T>(actor: Actor, op: Op, what: string, work: () => T | Promise<T>, lost: Failing = unreachable): Promise<T> {
    const blow = this.#strikes.take(actor, op)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const answer = (settle: () => void) => this.#post(actor, '', settle)
    const ask = (settled: (settle: () => void) => void, late = 0) =>
      this.#post(
        this.#kernel.nature,
        `${actor.name} ${what}`,
        () => {
          // An async function, so that what is thrown at once is an answer as well.
          const asked = (async () => work())()
          asked.then(
            value => settled(() => resolve(value)),
            error => {
              this.#kernel.say(`${actor.name} ${what}: ${error.message}`)
              settled(() => reject(error))
            },
          )
        },
        late,
      )
    const fail = () => answer(() => reject(lost()))
    if (blow) this.#kernel.say(`${actor.name} is struck at ${what}: ${blow.blow}`)
    this.#begin(actor, blow, { ask, answer, fail })
    return promise
  }

  #begin(actor: Actor, blow: Blow | null, { ask, answer, fail }: Ways): void {
    switch (blow?.blow) {
      case 'slow':
        ask(answer, blow.ms)
        break
      case 'kill before':
        actor.kill()
        break
      case 'kill':
        // The request is on its way: it takes effect, if not at once, and nobody learns of it.
        ask(() => undefined, blow.ms)
        actor.kill()
        break
      case 'freeze':
        ask(answer)
        actor.freeze(blow.ms)
        break
      case 'refused':
        fail()
        break
      case 'lost':
        ask(fail)
        break
      case 'late':
        // Given up by who asked, and yet on its way.
        ask(() => undefined, blow.ms)
        fail()
        break
      case undefined:
        ask(answer)
    }
  }

  #post(actor: Actor, label: string, work: () => void, late = 0): void {
    const kernel = this.#kernel
    kernel.post(actor, kernel.now + kernel.delay() + late, 'arrival', label, work)
  }
}

/** Deliveries to one process: each takes a while, and none overtakes another. */
export class Channel {
  readonly #kernel: Kernel
  readonly #actor: Actor
  #last = 0

  constructor(kernel: Kernel, actor: Actor) {
    this.#kernel = kernel
    this.#actor = actor
  }

  post(label: string, work: () => void, late = 0): void {
    this.#last = Math.max(this.#last + 0.001, this.#kernel.now + this.#kernel.delay() + late)
    this.#kernel.post(this.#actor, this.#last, 'arrival', label, work)
  }
}
