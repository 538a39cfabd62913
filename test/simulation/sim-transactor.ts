import { BrokerError, type BrokerTransaction, type OutgoingRecord, type Transactor } from '../../src/kafka/broker.ts'
import type { SimBrokerOptions } from './sim-broker.ts'
import type { Op } from './wire.ts'

/** What one transaction has sent. */
export interface Sent {
  readonly transactionalId: string
  readonly records: { readonly topic: string; readonly lane: number; readonly records: readonly OutgoingRecord[] }[]
  readonly offsets: { readonly group: string; readonly topic: string; readonly lane: number; readonly next: number }[]
}

/** A transactor behind the network: one whose request or answer was lost is of no use any more, and leaves open what was. */
export class SimTransactor implements Transactor {
  readonly #options: SimBrokerOptions
  readonly #id: string
  readonly #real: Transactor
  #broken: BrokerError | null = null

  constructor(options: SimBrokerOptions, id: string, real: Transactor) {
    this.#options = options
    this.#id = id
    this.#real = real
  }

  /** Says nothing to the broker, as in Kafka. */
  async begin(): Promise<BrokerTransaction> {
    if (this.#broken) throw this.#broken
    const real = await this.#real.begin()
    const sent: Sent = { transactionalId: this.#id, records: [], offsets: [] }
    const { committed, actor } = this.#options
    return {
      send: (topic, lane, records) =>
        this.#ask('send', `${topic}.${lane} ${records.length}`, async () => {
          await real.send(topic, lane, records)
          sent.records.push({ topic, lane, records })
        }),
      commitOffset: (group, topic, lane, next) =>
        this.#ask('offset', `${topic}.${lane} ${next}`, async () => {
          await real.commitOffset(group, topic, lane, next)
          sent.offsets.push({ group, topic, lane, next })
        }),
      commit: () =>
        this.#ask('commit', '', async () => {
          await real.commit()
          committed(actor, sent)
        }),
      abort: () => this.#ask('commit', 'abort', () => real.abort()),
    }
  }

  async close(): Promise<void> {
    if (this.#broken) return
    this.#broken = new BrokerError('closed', `The transactor ${this.#id} was closed.`)
    await this.#real.close()
  }

  async #ask(op: Op, what: string, work: () => Promise<void>): Promise<void> {
    if (this.#broken) throw this.#broken
    const { wire, actor } = this.#options
    try {
      await wire.call(actor, op, `${this.#id} ${op} ${what}`, work)
    } catch (error) {
      this.#broken = error instanceof BrokerError ? error : new BrokerError('transaction_failed', String(error))
      throw this.#broken
    }
  }
}
