import { BrokerError, type BrokerTransaction, type OutgoingRecord, type Transactor } from '../broker.ts'
import type { MemoryCluster } from './cluster.ts'
import type { MemoryTransaction } from './log.ts'

export class MemoryTransactor implements Transactor {
  readonly #cluster: MemoryCluster
  readonly #transactionalId: string
  readonly #epoch: number
  #open: MemoryTransaction | null = null
  #dead: BrokerError | null = null

  constructor(cluster: MemoryCluster, transactionalId: string) {
    this.#cluster = cluster
    this.#transactionalId = transactionalId
    this.#epoch = cluster.fence(transactionalId)
  }

  async begin(): Promise<BrokerTransaction> {
    return this.#step(() => {
      if (this.#open) throw new BrokerError('transaction_failed', 'The transaction before this one has not ended.')
      const transaction = this.#cluster.begin(this.#transactionalId, this.#epoch)
      this.#open = transaction
      return this.#transaction(transaction)
    })
  }

  /** What is open is aborted, unless another holder has done so already. */
  async close(): Promise<void> {
    if (!this.#dead && this.#open) this.#step(() => this.#end(this.#open!, 'aborted'))
    this.kill()
  }

  /** As if its process had been killed: what is open stays so until the id is fenced. */
  kill(): void {
    this.#dead ??= new BrokerError('closed', `The transactor ${this.#transactionalId} was closed.`)
  }

  #transaction(transaction: MemoryTransaction): BrokerTransaction {
    const step = <T>(work: () => T): T =>
      this.#step(() => {
        if (this.#open !== transaction)
          throw new BrokerError('transaction_failed', 'The transaction has ended already.')
        this.#cluster.holder(this.#transactionalId, this.#epoch)
        return work()
      })
    return {
      send: async (topic: string, lane: number, records: readonly OutgoingRecord[]) =>
        step(() => this.#cluster.log(topic, lane).append(transaction, records, this.#cluster.now())),
      commitOffset: async (group, topic, lane, next) =>
        step(() => void transaction.offsets.push({ group, topic, lane, next })),
      commit: async () => step(() => this.#end(transaction, 'committed')),
      abort: async () => step(() => this.#end(transaction, 'aborted')),
    }
  }

  #end(transaction: MemoryTransaction, state: 'committed' | 'aborted'): void {
    this.#open = null
    this.#cluster.end(transaction, this.#epoch, state)
  }

  /** Any error ends the transactor, as it does on Kafka. */
  #step<T>(work: () => T): T {
    if (this.#dead) throw this.#dead
    try {
      return work()
    } catch (error) {
      this.#dead =
        error instanceof BrokerError ? error : new BrokerError('transaction_failed', String(error), { cause: error })
      throw this.#dead
    }
  }
}
