import type { Broker } from '../../src/kafka/broker.ts'
import { MemoryCluster } from '../../src/kafka/memory/cluster.ts'
import { MemoryBroker } from '../../src/kafka/memory.ts'
import { topicSpecs } from '../../src/schemas/topic-specs.ts'

import { Actor } from './actor.ts'
import { Database } from './database/database.ts'
import type { Kernel } from './kernel.ts'
import type { Stop } from './processes.ts'
import { Rebalances } from './rebalances.ts'
import { simBroker } from './sim-broker.ts'
import type { StageError } from './steps.ts'
import { Strikes } from './strikes.ts'
import { Wire } from './wire.ts'
import { Witness } from './witness.ts'

/** Lanes of every topic. */
export const lanes = 3
/** Jobs that may run at once. */
export const concurrency = 2
/** How long a process that is asked to end may take, in ms. */
const stopMs = 10_000

/** The brokers, the database, the network between them and the processes, and what is to go wrong. */
export class World {
  readonly kernel: Kernel
  readonly cluster: MemoryCluster
  readonly rebalances = new Rebalances()
  readonly strikes = new Strikes()
  readonly wire: Wire
  readonly database: Database
  readonly witness: Witness
  /** Stage to the errors that its next calls get. */
  readonly errors = new Map<string, StageError[]>()
  readonly kafka: { connect(name: string): MemoryBroker }

  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.wire = new Wire(kernel, this.strikes)
    this.cluster = new MemoryCluster({
      defer: work => void kernel.post(kernel.nature, kernel.now + 0.1 + kernel.random(), 'arrival', '', work),
      now: () => Date.now(),
    })
    this.kafka = { connect: name => new MemoryBroker(this.cluster, name) }
    this.database = new Database(kernel, this.wire)
    this.witness = new Witness(kernel, this.cluster, this.database)
    this.database.committed = () => this.witness.stored()
    for (const topic of topicSpecs(lanes)) this.cluster.ensureTopic(topic)
  }

  /** The broker as this process has it. */
  brokerOf(actor: Actor): Broker {
    const { kernel, wire, kafka, witness, rebalances } = this
    return simBroker({
      ...{ kernel, wire, kafka, actor, rebalances },
      committed: (who, sent) => witness.committed(who, sent),
      deleting: (topic, lane) => witness.read(topic, lane),
    })
  }

  /** Starts a process, and anew some time after each end of it. */
  employ(name: string, start: (actor: Actor) => Promise<Stop>): void {
    const { kernel } = this
    let incarnation = 0
    const employ = () => {
      const actor = new Actor(`${name}.${++incarnation}`, kernel)
      this.#actors.set(name, actor)
      actor.died.add(() => kernel.post(kernel.nature, kernel.now + actor.awayMs, 'timer', '', employ))
      kernel.post(actor, kernel.now + kernel.delay(), 'timer', 'starts', () => {
        start(actor).then(
          stop => this.#stops.set(actor, stop),
          error => {
            kernel.say(`${actor.name} cannot start: ${error.message}`)
            actor.kill()
          },
        )
      })
    }
    employ()
  }

  /** Asks a process to end; one that does not, or not in time, is killed. */
  stop(name: string, awayMs: number): void {
    const { kernel } = this
    const actor = this.actor(name)
    const end = () => actor.kill(awayMs)
    kernel.post(actor, kernel.now + kernel.delay(), 'arrival', 'is asked to end', () => {
      const stop = this.#stops.get(actor)
      if (stop) stop().then(end, end)
      else end()
    })
    kernel.post(kernel.nature, kernel.now + stopMs, 'timer', '', end)
  }

  /** The living incarnation of a process. */
  actor(name: string): Actor {
    return this.#actors.get(name)!
  }

  readonly #stops = new Map<Actor, Stop>()
  readonly #actors = new Map<string, Actor>()
}
