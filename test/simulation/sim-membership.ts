import type { JoinOptions, Membership } from '../../src/kafka/broker.ts'
import { MemoryMembership } from '../../src/kafka/memory/membership.ts'
import type { MemoryKafka } from '../../src/kafka/memory.ts'
import type { Actor } from './actor.ts'
import type { Kernel } from './kernel.ts'
import { Channel } from './wire.ts'

export const sessionTimeoutMs = 4_000
const heartbeatMs = 1_000

/**
 * A member of a group behind a network, with heartbeats: one that is not heard for its session loses its lanes to others,
 * and learns of it when it wakes.
 */
export class SimMembership implements Membership {
  readonly sessionTimeoutMs = sessionTimeoutMs
  readonly #kernel: Kernel
  readonly #actor: Actor
  readonly #kafka: MemoryKafka
  readonly #options: JoinOptions
  readonly #channel: Channel
  readonly #phase: number
  #real: Membership | null = null
  /** Of the assignment that the group has given, and of that which the process knows. */
  #given = 0
  #known = -1
  /** Grows with every seek of a lane: what was on its way then is dropped. */
  #seeks = new Map<number, number>()
  /** When it was last heard, since it was frozen; null while heartbeats go by themselves. */
  #heard: number | null = null
  #thrownOut = false
  #left = false

  private constructor(kernel: Kernel, actor: Actor, kafka: MemoryKafka, options: JoinOptions) {
    this.#kernel = kernel
    this.#actor = actor
    this.#kafka = kafka
    this.#options = options
    this.#channel = new Channel(kernel, actor)
    this.#phase = kernel.random() * heartbeatMs
    actor.froze.add(() => this.#silent())
    actor.woke.add(() => this.#awake())
    actor.died.add(() => this.#silent())
    actor.dropped.add(group => {
      if (group === options.group) this.#rejoin()
    })
  }

  static async join(kernel: Kernel, actor: Actor, kafka: MemoryKafka, options: JoinOptions): Promise<Membership> {
    const member = new SimMembership(kernel, actor, kafka, options)
    await member.#join()
    return member
  }

  seek(lane: number, offset: number): void {
    this.#seeks.set(lane, (this.#seeks.get(lane) ?? 0) + 1)
    if (this.#known === this.#given) this.#real?.seek(lane, offset)
  }

  pause(lanes: readonly number[]): void {
    if (this.#known === this.#given) this.#real?.pause(lanes)
  }

  resume(lanes: readonly number[]): void {
    if (this.#known === this.#given) this.#real?.resume(lanes)
  }

  silentMs(): number {
    const { now } = this.#kernel
    return this.#heard === null ? (now - this.#phase) % heartbeatMs : now - this.#heard
  }

  async leave(): Promise<void> {
    this.#left = true
    await this.#real?.leave()
  }

  async #join(): Promise<void> {
    const { group, topic, assigned, revoked, records, failed } = this.#options
    const broker = this.#kafka.connect(this.#actor.name)
    const tell = (what: string, work: () => void) =>
      this.#channel.post(what && `${group} ${what}`, () => {
        if (!this.#left) work()
      })
    this.#real = await broker.join({
      group,
      topic,
      assigned: lanes => {
        const epoch = ++this.#given
        tell(`is given ${lanes.join()}`, () => {
          this.#known = epoch
          assigned(lanes, epoch)
        })
      },
      revoked: () => {
        this.#given++
        tell('revoked', () => {
          this.#known = -1
          revoked()
        })
      },
      records: batch => {
        const epoch = this.#given
        const seek = this.#seeks.get(batch.lane)
        tell('', () => {
          if (this.#known === epoch && this.#seeks.get(batch.lane) === seek) records({ ...batch, epoch })
        })
      },
      failed: error => tell('failed', () => failed(error)),
    })
  }

  /** No heartbeat goes out any more: when its session ends, the group goes on without it. */
  #silent(): void {
    if (this.#left) return
    const { now, nature } = this.#kernel
    this.#heard ??= now - ((now - this.#phase) % heartbeatMs)
    const heard = this.#heard
    // Of a process that ends by itself the group hears at once.
    const goodbye = this.#actor.state === 'dead' && this.#kernel.random() < 0.5
    this.#kernel.post(nature, goodbye ? now + this.#kernel.delay() : heard + sessionTimeoutMs, 'timer', '', () => {
      if (this.#heard === heard && !this.#thrownOut) this.#throwOut()
    })
  }

  #throwOut(): void {
    this.#thrownOut = true
    this.#given++
    this.#kernel.say(`${this.#actor.name} is given up by ${this.#options.group}`)
    if (this.#real instanceof MemoryMembership) this.#real.kill()
  }

  /** The first heartbeat is answered, or the group says that it does not know the member any more. */
  #awake(): void {
    this.#channel.post('', () => {
      if (this.#left) return
      if (this.#thrownOut) this.#comeBack()
      this.#heard = null
    })
  }

  /** The group has dropped it although it lives, and it comes back as the last of the members. */
  #rejoin(): void {
    if (this.#left || this.#thrownOut || this.#actor.state !== 'running') return
    this.#throwOut()
    this.#channel.post('', () => {
      if (!this.#left && this.#thrownOut) this.#comeBack()
    })
  }

  #comeBack(): void {
    this.#thrownOut = false
    this.#known = -1
    this.#options.revoked()
    this.#join().catch(error => this.#kernel.fail(error))
  }
}
