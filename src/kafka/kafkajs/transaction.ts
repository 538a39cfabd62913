import type { BrokerTransaction, OutgoingRecord } from '../broker.ts'
import { typeOf } from './errors.ts'
import type { BrokerNode } from './internals.ts'
import type { Link } from './link.ts'
import { type OutgoingBatch, OutgoingBatches } from './outgoing-batches.ts'
import { produceBody } from './produce-request.ts'
import type { OwnProtocol } from './protocol.ts'

/** What a transaction needs of the transactor it belongs to. */
export interface TransactionOwner {
  readonly link: Link
  readonly transactionalId: string
  readonly producer: { readonly producerId: string; readonly producerEpoch: number }
  /** Throws when the transactor has ended. */
  alive(): void
  ended(): void
  /** Ends the transactor; its producer's state is unknown from here on. */
  die(error: unknown, doing: string): Error
  /** The number of the first of `count` next records in a lane. */
  sequence(topic: string, lane: number, count: number): number
}

/** How long the broker's "not yet" is taken for an answer, inside a transaction. */
const patienceMs = 20_000
const allReplicas = -1
const produceMs = 30_000

/** How a partition says that its transaction is not verified yet (KIP-890, part 1); nothing was appended. */
const isUnverified = (error: unknown): boolean => typeOf(error) === 'NOT_ENOUGH_REPLICAS'

interface Offset {
  readonly group: string
  readonly topic: string
  readonly lane: number
  readonly next: number
}

export class KafkaTransaction implements BrokerTransaction {
  readonly #owner: TransactionOwner
  readonly #batches = new OutgoingBatches()
  readonly #registered = new Set<string>()
  readonly #offsets: Offset[] = []
  #ended = false
  #steps = 0

  constructor(owner: TransactionOwner) {
    this.#owner = owner
  }

  /** False while a call is under way. */
  get idle(): boolean {
    return this.#steps === 0
  }

  async send(topic: string, lane: number, records: readonly OutgoingRecord[]): Promise<void> {
    this.#check()
    for (const record of records) {
      if (!this.#batches.fits(record)) await this.#step('Records could not be sent', () => this.#flush())
      this.#batches.add(topic, lane, record)
    }
  }

  async commitOffset(group: string, topic: string, lane: number, next: number): Promise<void> {
    this.#check()
    this.#offsets.push({ group, topic, lane, next })
  }

  async commit(): Promise<void> {
    this.#check()
    await this.#step('A transaction could not be committed', async () => {
      await this.#flush(this.#offsets)
      await this.#end(true)
    })
  }

  async abort(): Promise<void> {
    this.#check()
    await this.#step('A transaction could not be aborted', () => this.#end(false))
  }

  #check(): void {
    this.#owner.alive()
    if (this.#ended) throw this.#owner.die(new Error('it has ended already'), 'A transaction was used')
  }

  async #step(doing: string, work: () => Promise<void>): Promise<void> {
    this.#steps++
    try {
      await work()
    } catch (error) {
      throw this.#owner.die(error, doing)
    } finally {
      this.#steps--
    }
  }

  /** Every request goes through here: nothing is sent for a transactor that has ended meanwhile. */
  #request(node: BrokerNode, api: string, payload: object, own?: OwnProtocol): Promise<unknown> {
    this.#owner.alive()
    const { link, transactionalId, producer } = this.#owner
    return link.send(node, api, { transactionalId, ...producer, ...payload }, own)
  }

  async #flush(offsets: readonly Offset[] = []): Promise<void> {
    const batches = this.#batches.take()
    const groups = [...new Set(offsets.map(({ group }) => group))]
    await Promise.all([this.#register(batches), ...groups.map(group => this.#registerGroup(group))])
    await Promise.all([this.#produce(batches), ...groups.map(group => this.#sendOffsets(group, offsets))])
  }

  async #register(batches: readonly OutgoingBatch[]): Promise<void> {
    const fresh = batches.filter(({ topic, lane }) => !this.#registered.has(`${topic}/${lane}`))
    if (fresh.length === 0) return
    const topics = [...Map.groupBy(fresh, ({ topic }) => topic)].map(([topic, each]) => ({
      topic,
      partitions: each.map(({ lane }) => lane),
    }))
    for (const { topic, lane } of fresh) this.#registered.add(`${topic}/${lane}`)
    await this.#coordinator('AddPartitionsToTxn', { topics })
  }

  async #registerGroup(groupId: string): Promise<void> {
    this.#registered.add(groupId)
    await this.#coordinator('AddOffsetsToTxn', { groupId })
  }

  /** The broker lets a transaction begin only once the markers of the one before are written, a few milliseconds after its commit. */
  async #coordinator(api: string, payload: object): Promise<void> {
    const { link, transactionalId } = this.#owner
    await link.patiently(
      async () => this.#request(await link.coordinator('transaction', transactionalId), api, payload),
      patienceMs,
    )
  }

  async #produce(batches: readonly OutgoingBatch[]): Promise<void> {
    const { link, transactionalId, producer } = this.#owner
    const placed = await Promise.all(
      batches.map(async batch => ({ ...batch, node: await link.leader(batch.topic, batch.lane) })),
    )
    const sequenced = placed.map(each => ({
      ...each,
      firstSequence: this.#owner.sequence(each.topic, each.lane, each.messages.length),
    }))
    const byNode = Map.groupBy(sequenced, ({ node }) => node)
    await Promise.all(
      [...byNode].map(async ([node, each]) => {
        const topicData = [...Map.groupBy(each, ({ topic }) => topic)].map(([topic, lanes]) => ({
          topic,
          partitions: lanes.map(({ lane, messages, firstSequence }) => ({ partition: lane, messages, firstSequence })),
        }))
        const payload = { transactionalId, ...producer, acks: allReplicas, timeout: produceMs, topicData }
        const encode = async () => produceBody(payload)
        await link.patiently(() => this.#request(node, 'Produce', payload, { encode }), patienceMs, isUnverified)
      }),
    )
  }

  async #sendOffsets(groupId: string, offsets: readonly Offset[]): Promise<void> {
    const { link } = this.#owner
    const mine = offsets.filter(({ group }) => group === groupId)
    const topics = [...Map.groupBy(mine, ({ topic }) => topic)].map(([topic, each]) => ({
      topic,
      partitions: each.map(({ lane, next }) => ({ partition: lane, offset: next, metadata: null })),
    }))
    await link.patiently(
      async () => this.#request(await link.coordinator('group', groupId), 'TxnOffsetCommit', { groupId, topics }),
      patienceMs,
    )
  }

  async #end(transactionResult: boolean): Promise<void> {
    this.#ended = true
    this.#batches.take()
    if (this.#registered.size > 0) {
      const { link, transactionalId } = this.#owner
      await this.#request(await link.coordinator('transaction', transactionalId), 'EndTxn', { transactionResult })
    }
    this.#owner.ended()
  }
}
