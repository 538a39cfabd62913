import type { BrokerTransaction, Transactor } from '../broker.ts'
import { BrokerError } from '../broker.ts'
import { brokerError } from './errors.ts'
import type { Link } from './link.ts'
import { KafkaTransaction } from './transaction.ts'

/** Readers of committed records wait this long for a transaction that was left open. */
export const transactionTimeoutMs = 20_000

/** Who made a transactor, and hears what becomes of it. */
export interface TransactorOwner {
  closed(): void
  /** Leaders and coordinators may have changed, for all that share the owner's connections. */
  failed(error: unknown): void
}

interface Producer {
  readonly producerId: string
  readonly producerEpoch: number
}

/**
 * The holder of a transactional id, in Kafka's own protocol: KafkaJS's producer makes twelve round trips of a slice,
 * fences only at its first transaction, and cannot be used again after a failed commit. Here a slice of less than
 * 1 MB is three: register partitions and group, write records and offset, end.
 */
export class KafkaTransactor implements Transactor {
  readonly link: Link
  readonly transactionalId: string
  readonly producer: Producer
  readonly #sequences = new Map<string, number>()
  readonly #owner: TransactorOwner
  #dead: BrokerError | null = null
  #open: KafkaTransaction | null = null

  private constructor(link: Link, transactionalId: string, producer: Producer, owner: TransactorOwner) {
    this.link = link
    this.transactionalId = transactionalId
    this.producer = producer
    this.#owner = owner
  }

  /** InitProducerId is answered when the open transaction of the earlier holder is resolved; until then it is asked again. */
  static async fence(link: Link, transactionalId: string, owner: TransactorOwner): Promise<KafkaTransactor> {
    try {
      const producer = await link.patiently(async () => {
        const node = await link.coordinator('transaction', transactionalId)
        return link.send<Producer>(node, 'InitProducerId', {
          transactionalId,
          transactionTimeout: transactionTimeoutMs,
        })
      })
      return new KafkaTransactor(link, transactionalId, producer, owner)
    } catch (error) {
      throw brokerError(`Transactional id ${transactionalId} could not be taken`, error)
    }
  }

  async begin(): Promise<BrokerTransaction> {
    if (this.#dead) throw this.#dead
    if (this.#open) throw this.die(new Error('the one before it has not ended'), 'A transaction could not begin')
    this.#open = new KafkaTransaction(this)
    return this.#open
  }

  /** An open transaction is aborted, so that it does not hold up readers until it times out. */
  async close(): Promise<void> {
    if (!this.#dead && this.#open?.idle)
      await this.#open.abort().catch(this.link.note(`${this.transactionalId} is left to time out`))
    this.#dead ??= new BrokerError('closed', `The transactor ${this.transactionalId} was closed.`)
    this.#owner.closed()
  }

  ended(): void {
    this.#open = null
  }

  alive(): void {
    if (this.#dead) throw this.#dead
  }

  /** An error inside a transaction ends the transactor: its producer's state is unknown from here on. */
  die(error: unknown, doing: string): BrokerError {
    this.#owner.failed(error)
    this.#dead ??= brokerError(`${doing} (${this.transactionalId})`, error, 'transaction_failed')
    return this.#dead
  }

  /** The number of the next record of this producer in a lane, which then counts on; it wraps at 2^31 like the broker's. */
  sequence(topic: string, lane: number, count: number): number {
    const key = `${topic}/${lane}`
    const first = this.#sequences.get(key) ?? 0
    this.#sequences.set(key, (first + count) % 2 ** 31)
    return first
  }
}
