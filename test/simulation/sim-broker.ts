import type { Broker, Follower, FollowOptions, JoinOptions, Transactor } from '../../src/kafka/broker.ts'
import type { MemoryBroker, MemoryKafka } from '../../src/kafka/memory.ts'
import type { Actor } from './actor.ts'
import type { Kernel } from './kernel.ts'
import type { Rebalances } from './rebalances.ts'
import { SimMembership } from './sim-membership.ts'
import { type Sent, SimTransactor } from './sim-transactor.ts'
import { Channel, type Wire } from './wire.ts'

export interface SimBrokerOptions {
  readonly kernel: Kernel
  readonly wire: Wire
  readonly kafka: MemoryKafka
  readonly actor: Actor
  readonly rebalances: Rebalances
  /** Told of each transaction in the moment in which it is committed, before anybody else can know. */
  committed(actor: Actor, sent: Sent): void
  /** Told before records are deleted. */
  deleting(topic: string, lane: number): void
}

/** The broker as one process has it: the in-memory one, behind a network. */
export const simBroker = (options: SimBrokerOptions): Broker => {
  const { kernel, wire, kafka, actor, deleting } = options
  const real: MemoryBroker = kafka.connect(actor.name)
  const call = wire.call.bind(wire, actor) as <T>(
    op: Parameters<Wire['call']>[1],
    what: string,
    work: () => Promise<T>,
  ) => Promise<T>
  const transactors = new Set<SimTransactor>()
  actor.died.add(() => void real.kill().catch(error => kernel.fail(error)))

  return {
    clusterId: () => real.clusterId(),
    ensureTopics: topics => real.ensureTopics(topics),
    range: (topic, lane) => call('range', `range ${topic}.${lane}`, () => real.range(topic, lane)),
    committed: (group, topic, lane) =>
      call('committed', `committed ${group} ${topic}.${lane}`, () => real.committed(group, topic, lane)),
    owners: (group, topic) =>
      call('owners', `owners ${group}`, async () =>
        options.rebalances.underWay(group) ? null : real.owners(group, topic),
      ),
    deleteRecords: (topic, lane, before) =>
      call('range', `deleteRecords ${topic}.${lane} ${before}`, () => {
        deleting(topic, lane)
        return real.deleteRecords(topic, lane, before)
      }),
    async fence(id): Promise<Transactor> {
      const transactor = await call('fence', `fence ${id}`, () => real.fence(id))
      const sim = new SimTransactor(options, id, transactor)
      transactors.add(sim)
      return sim
    },
    join: (joining: JoinOptions) => SimMembership.join(options, joining),
    follow: following => follow(kernel, actor, wire, real, following),
    close: () => real.close(),
  }
}

const follow = async (
  kernel: Kernel,
  actor: Actor,
  wire: Wire,
  real: MemoryBroker,
  options: FollowOptions,
): Promise<Follower> => {
  const channel = new Channel(kernel, actor)
  let stopped = false
  const follower = await real.follow({
    ...options,
    records(batch) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      channel.post(
        '',
        () => {
          if (stopped) return
          Promise.resolve(options.records(batch)).then(resolve, reject)
        },
        wire.lag(actor),
      )
      return promise
    },
    failed: error => channel.post(`follower of ${options.topic} failed`, () => stopped || options.failed(error)),
  })
  return {
    caughtUp: () => wire.call(actor, 'caughtUp', `caughtUp ${options.topic}`, () => follower.caughtUp()),
    stop() {
      stopped = true
      return follower.stop()
    },
  }
}
