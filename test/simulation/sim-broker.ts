import type { Broker, Follower, FollowOptions, JoinOptions, Transactor } from '../../src/kafka/broker.ts'
import type { MemoryBroker, MemoryKafka } from '../../src/kafka/memory.ts'
import type { Actor } from './actor.ts'
import type { Kernel } from './kernel.ts'
import type { Rebalances } from './rebalances.ts'
import { SimMembership } from './sim-membership.ts'
import { type Sent, SimTransactor } from './sim-transactor.ts'
import { Channel, type Op, type Wire } from './wire.ts'

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
  const { wire, kafka, actor, deleting } = options
  const real: MemoryBroker = kafka.connect(actor.name)
  const call = <T>(op: Op, what: string, work: () => Promise<T>) => wire.call(actor, op, what, work)

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
      return new SimTransactor(options, id, await call('fence', `fence ${id}`, () => real.fence(id)))
    },
    join: (joining: JoinOptions) => SimMembership.join(options, joining),
    follow: following => follow(options, real, following),
    close: () => real.close(),
  }
}

const follow = async (
  { kernel, actor, wire }: SimBrokerOptions,
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
  // A request that was on its way takes effect all the same, so nothing else is ended with the process.
  actor.died.add(() => void follower.stop().catch(error => kernel.fail(error)))
  return {
    caughtUp: () => wire.call(actor, 'caughtUp', `caughtUp ${options.topic}`, () => follower.caughtUp()),
    stop() {
      stopped = true
      return follower.stop()
    },
  }
}
