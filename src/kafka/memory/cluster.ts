import { BrokerError, type TopicSpec } from '../broker.ts'
import { MemoryGroup } from './group.ts'
import { MemoryLog, type MemoryTransaction } from './log.ts'

export interface MemoryOptions {
  /** When work that Kafka does by itself happens (deliveries, rebalances). A simulation puts its own order in. */
  readonly defer?: (work: () => void) => void
  /** Milliseconds since 1970, for the timestamps of records. */
  readonly now?: () => number
  readonly clusterId?: string
}

interface TransactionalId {
  epoch: number
  open: MemoryTransaction | null
}

/** What the brokers of a Kafka cluster keep. Everything here happens at once; clients come in through MemoryBroker. */
export class MemoryCluster {
  readonly clusterId: string
  readonly defer: (work: () => void) => void
  readonly now: () => number
  readonly #topics = new Map<string, MemoryLog[]>()
  readonly #transactionalIds = new Map<string, TransactionalId>()
  readonly #groups = new Map<string, MemoryGroup>()

  constructor({ defer = setImmediate, now = Date.now, clusterId = 'memory' }: MemoryOptions) {
    this.defer = work => void defer(work)
    this.now = now
    this.clusterId = clusterId
  }

  ensureTopic({ name, partitions }: TopicSpec): void {
    const logs = this.#topics.get(name) ?? []
    while (logs.length < partitions) logs.push(new MemoryLog(name, logs.length))
    this.#topics.set(name, logs)
  }

  log(topic: string, lane: number): MemoryLog {
    const log = this.#topics.get(topic)?.[lane]
    if (!log) throw new BrokerError('unknown_topic', `There is no topic ${topic} with a lane ${lane}.`)
    return log
  }

  lanes(topic: string): readonly number[] {
    const logs = this.#topics.get(topic)
    if (!logs) throw new BrokerError('unknown_topic', `There is no topic ${topic}.`)
    return logs.map(({ lane }) => lane)
  }

  group(name: string): MemoryGroup {
    let group = this.#groups.get(name)
    if (!group) {
      group = new MemoryGroup(this)
      this.#groups.set(name, group)
    }
    return group
  }

  /** Aborts what the earlier holder left open, and returns the epoch of the new one. */
  fence(transactionalId: string): number {
    const known = this.#transactionalIds.get(transactionalId) ?? { epoch: 0, open: null }
    this.#transactionalIds.set(transactionalId, known)
    known.epoch++
    if (known.open) this.#settle(known.open, 'aborted')
    known.open = null
    return known.epoch
  }

  begin(transactionalId: string, epoch: number): MemoryTransaction {
    const transaction: MemoryTransaction = { transactionalId, state: 'open', logs: new Set(), offsets: [] }
    this.holder(transactionalId, epoch).open = transaction
    return transaction
  }

  end(transaction: MemoryTransaction, epoch: number, state: 'committed' | 'aborted'): void {
    this.holder(transaction.transactionalId, epoch).open = null
    this.#settle(transaction, state)
  }

  /** Throws `fenced` for all but the last holder. */
  holder(transactionalId: string, epoch: number): TransactionalId {
    const known = this.#transactionalIds.get(transactionalId)
    if (known?.epoch === epoch) return known
    throw new BrokerError('fenced', `Another holder has taken the transactional id ${transactionalId}.`)
  }

  #settle(transaction: MemoryTransaction, state: 'committed' | 'aborted'): void {
    transaction.state = state
    if (state === 'committed')
      for (const { group, topic, lane, next } of transaction.offsets) this.group(group).commit(topic, lane, next)
    for (const log of transaction.logs) log.settle(transaction)
  }
}
