import type { JoinOptions, Membership } from '../../src/kafka/broker.ts'
import { MemoryMembership } from '../../src/kafka/memory/membership.ts'
import type { MemoryKafka } from '../../src/kafka/memory.ts'
import type { Actor } from './actor.ts'
import type { Kernel } from './kernel.ts'
import type { Rebalances } from './rebalances.ts'
import type { SimBrokerOptions } from './sim-broker.ts'
import { Channel } from './wire.ts'

const sessionTimeoutMs = 4_000
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
  readonly #rebalances: Rebalances
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

  private constructor({ kernel, actor, kafka, rebalances }: SimBrokerOptions, options: JoinOptions) {
    this.#rebalances = rebalances
    this.#kernel = kernel
    this.#actor = actor
    this.#kafka = kafka
    this.#options = options
    this.#channel = new Channel(kernel, actor)
    this.#phase = kernel.random() * heartbeatMs
    actor.froze.add(() => this.#silent())
    actor.woke.add(() => this.#awake())
    actor.died.add(() => this.#silent())
    actor.rejoins.add(group => {
      if (group === options.group) this.#rejoin()
    })
  }

  static async join(where: SimBrokerOptions, options: JoinOptions): Promise<Membership> {
    const member = new SimMembership(where, options)
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
    this.#rebalances.heard(this.#options.group, this)
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
        this.#rebalances.whenHeard(group, () => {
          if (this.#given !== epoch) return
          tell(`is given ${lanes.join()}`, () => {
            this.#known = epoch
            assigned(lanes, epoch)
          })
        })
      },
      revoked: () => {
        this.#given++
        if (this.#left) return
        this.#rebalances.lost(group, this)
        tell('revoked', () => {
          this.#known = -1
          revoked()
          this.#rebalances.heard(group, this)
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
    this.#goodbye()
  }

  /** The first heartbeat is answered, or the group says that it does not know the member any more. */
  #awake(): void {
    this.#channel.post('', () => {
      if (this.#left) return
      if (this.#thrownOut) this.#comeBack()
      this.#heard = null
    })
  }

  /** It leaves the group without a reason that it knows of, and comes back as the last of the members. */
  #rejoin(): void {
    this.#channel.post(`rejoins ${this.#options.group}`, () => {
      if (this.#left || this.#thrownOut) return
      this.#given++
      this.#goodbye()
      this.#comeBack()
    })
  }

  #goodbye(): void {
    this.#rebalances.heard(this.#options.group, this)
    if (this.#real instanceof MemoryMembership) this.#real.kill()
  }

  #comeBack(): void {
    this.#thrownOut = false
    this.#known = -1
    this.#options.revoked()
    this.#join().catch(error => this.#kernel.fail(error))
  }
}
