import { seeded } from '../faults/random.ts'
import { Actor, type Waiting } from './actor.ts'
import { Agenda } from './agenda.ts'

/** More than any world needs: past it something goes round in circles. */
const mostEvents = 60_000

/**
 * A world's one clock and one order of events. Whatever waits is an event with a time; those times come from the seed, so
 * the seed alone decides the order, and virtual time passes only from one event to the next.
 */
export class Kernel {
  /** Virtual milliseconds. */
  now = 0
  events = 0
  /** Follows from every event, when it came and to whom: two runs are the same if it is. */
  hash = 0x811c9dc5
  readonly random: () => number
  /** What happened, where somebody wants to read it; null costs nothing. */
  readonly story: string[] | null
  /** The brokers, the database, and whatever else no fault strikes. */
  readonly nature = new Actor('nature', this)
  /** Whose event this is: what it starts is its own. */
  current: Actor = this.nature
  broken: Error | null = null
  readonly #agenda = new Agenda<Waiting>()

  constructor(seed: number, story: string[] | null = null) {
    this.random = seeded(seed)
    this.story = story
  }

  /** Mostly a few milliseconds, now and then much longer, as on a network. */
  delay(): number {
    const drawn = this.random()
    return drawn < 0.97 ? 0.2 + 4 * this.random() : 5 + 300 * this.random()
  }

  post(actor: Actor, at: number, kind: Waiting['kind'], label: string, work: () => void): Waiting {
    const event: Waiting = { actor, kind, label, work, cancelled: false }
    this.#agenda.add(at, event)
    return event
  }

  say(text: string): void {
    this.story?.push(`${this.now.toFixed(1).padStart(9)} ${text}`)
  }

  /** Ends the run: the world is not as it must be. */
  fail(error: Error): void {
    this.broken ??= error
  }

  /** Plays event after event, each with all that follows from it at once, until `over`, a failure, or the limit of time. */
  run(over: () => boolean, limitMs: number): Promise<'over' | 'late'> {
    const { promise, resolve, reject } = Promise.withResolvers<'over' | 'late'>()
    const step = () => {
      if (this.broken) return reject(this.broken)
      if (over()) return resolve('over')
      const next = this.#agenda.next()
      if (!next || next.at > limitMs || ++this.events > mostEvents) return resolve('late')
      this.now = next.at
      this.#play(next.what)
      // The tick comes when no microtask is left: all that follows from this event at once has happened.
      queueMicrotask(() => process.nextTick(step))
    }
    process.nextTick(step)
    return promise
  }

  #play(event: Waiting): void {
    if (event.cancelled || !event.actor.takes(event)) return
    this.current = event.actor
    this.#note(event)
    try {
      event.work()
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #note({ actor, label }: Waiting): void {
    let hash = Math.imul(this.hash ^ Math.floor(this.now * 1000), 0x01000193)
    for (const text of [actor.name, label])
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    this.hash = hash >>> 0
    if (this.story && label !== '') this.say(`${actor.name}: ${label}`)
  }
}
