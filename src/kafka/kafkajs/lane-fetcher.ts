import { BrokerError } from '../broker.ts'
import { brokerError, isConnectionError, isNotYet, typeOf } from './errors.ts'
import { type FetchedLane, type FetchResponse, fetchResponse } from './fetch-response.ts'
import { createErrorFromCode } from './internals.ts'
import { type Asked, type Lane, LaneTable, type Stretch } from './lane-table.ts'
import { readCommitted as isolation, type Link } from './link.ts'
import { readCommitted } from './record-batches.ts'

export interface LaneFetcherOptions {
  readonly topic: string
  /** Long polls run on the first; lanes that became ready meanwhile are read on the second. */
  readonly links: readonly [Link, Link]
  /** Nothing more of the lane is delivered before the promise resolves. */
  deliver(stretch: Stretch): Promise<void> | void
  /** The broker keeps nothing at the position of a lane. True to ask again in a while. */
  outOfRange(lane: number, position: number): Promise<boolean>
  failed(error: Error): void
}

interface Node {
  /** Whether the long and the short poll run. */
  readonly polling: [boolean, boolean]
  /** The long poll came back empty: it waits for the short one, to take over its lanes. */
  merging: boolean
  failures: number
}

interface Brought {
  readonly stretches: number
  readonly outOfRange: readonly Asked[]
}

const waitMs = [5000, 100] as const
const laneBytes = 1024 * 1024
const responseBytes = 8 * 1024 * 1024
const offsetOutOfRange = 1
const outOfRangePauseMs = 500
const unknownTopicPatience = 15

/**
 * Reads committed records of lanes of one topic from stated positions. One lane's pause, slow reader or seek never
 * holds up another. Idle, it is one request parked at each broker, woken by data.
 */
export class LaneFetcher {
  readonly #options: LaneFetcherOptions
  readonly #lanes = new LaneTable()
  readonly #nodes = new Map<number, Node>()
  #turn = 0
  #closed = false

  constructor(options: LaneFetcherOptions) {
    this.#options = options
  }

  assign(lanes: readonly number[]): void {
    this.#lanes.assign(lanes)
  }

  seek(lane: number, position: number): void {
    this.#lanes.seek(lane, position)
    this.#schedule()
  }

  pause(lanes: readonly number[]): void {
    this.#lanes.pause(lanes)
  }

  resume(lanes: readonly number[]): void {
    for (const lane of this.#lanes.resume(lanes))
      queueMicrotask(() => this.#release(lane).catch(error => this.#options.failed(error)))
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    this.#lanes.assign([])
  }

  #schedule(): void {
    if (this.#closed) return
    for (const [leader, lanes] of this.#readyByLeader()) {
      const node = this.#node(leader)
      const slot = node.polling[0] ? 1 : 0
      if (node.polling[slot] || (slot === 0 && node.merging && node.polling[1])) continue
      node.polling[slot] = true
      const asked = lanes.map(lane => this.#lanes.ask(lane))
      this.#poll(leader, node, slot, asked).catch(error => this.#options.failed(error))
    }
  }

  #readyByLeader(): Map<number, Lane[]> {
    const ready = this.#lanes.ready()
    if (ready.length === 0) return new Map()
    const partitions = this.#options.links[0].cluster.findTopicPartitionMetadata(this.#options.topic)
    const leaders = new Map(partitions.map(({ partitionId, leader }) => [partitionId, leader]))
    return Map.groupBy(ready, ({ lane }) => leaders.get(lane) ?? -1)
  }

  #node(leader: number): Node {
    const node = this.#nodes.get(leader) ?? { polling: [false, false], merging: false, failures: 0 }
    this.#nodes.set(leader, node)
    return node
  }

  async #poll(leader: number, node: Node, slot: 0 | 1, asked: readonly Asked[]): Promise<void> {
    let parked: readonly Asked[] = []
    try {
      const { lanes } = await this.#fetch(leader, slot, asked)
      node.failures = 0
      const { stretches, outOfRange } = await this.#take(lanes, asked)
      parked = outOfRange
      node.merging = slot === 0 && stretches === 0
    } catch (error) {
      await this.#recover(error, ++node.failures)
    }
    for (const each of asked) if (!parked.includes(each)) this.#lanes.free(each)
    if (parked.length > 0) setTimeout(() => this.#unpark(parked), outOfRangePauseMs)
    node.polling[slot] = false
    this.#schedule()
  }

  #unpark(parked: readonly Asked[]): void {
    for (const each of parked) this.#lanes.free(each)
    this.#schedule()
  }

  async #fetch(leader: number, slot: 0 | 1, asked: readonly Asked[]): Promise<FetchResponse> {
    const { topic, links } = this.#options
    const link = links[slot]
    await link.know([topic])
    const node = await link.cluster.findBroker({ nodeId: leader })
    // The broker fills a response in the order of the request, so each lane gets its turn at the front.
    const turn = this.#turn++ % asked.length
    const partitions = [...asked.slice(turn), ...asked.slice(0, turn)].map(({ lane: { lane }, position }) => ({
      partition: lane,
      fetchOffset: position,
      maxBytes: laneBytes,
    }))
    const request = {
      isolationLevel: isolation,
      maxWaitTime: waitMs[slot],
      minBytes: 1,
      maxBytes: responseBytes,
      topics: [{ topic, partitions }],
    }
    const response = await link.send<FetchResponse>(node, 'Fetch', request, { response: fetchResponse })
    if (response.errorCode !== 0) throw createErrorFromCode(response.errorCode)
    return response
  }

  async #take(lanes: readonly FetchedLane[], asked: readonly Asked[]): Promise<Brought> {
    const byLane = new Map(asked.map(each => [each.lane.lane, each]))
    const outOfRange: Asked[] = []
    let stretches = 0
    let refused = 0
    for (const { lane: number, errorCode, aborted, bytes } of lanes) {
      const ask = byLane.get(number)!
      if (this.#closed || !this.#lanes.isCurrent(ask)) continue
      const { lane, position } = ask
      if (errorCode === offsetOutOfRange) {
        if (await this.#options.outOfRange(number, position)) outOfRange.push(ask)
      } else if (errorCode !== 0) {
        refused = errorCode
      } else {
        const { records, next } = readCommitted(bytes, position, aborted)
        if (next === position) continue
        stretches++
        lane.position = next
        const stretch = { lane: number, first: position, next, records }
        if (lane.paused) lane.held = stretch
        else await this.#options.deliver(stretch)
        this.#lanes.free(ask)
      }
    }
    if (refused !== 0) throw createErrorFromCode(refused)
    return { stretches, outOfRange }
  }

  async #release(lane: Lane): Promise<void> {
    const held = this.#closed ? null : this.#lanes.release(lane)
    if (!held) return
    await this.#options.deliver(held)
    this.#schedule()
  }

  async #recover(error: unknown, failures: number): Promise<void> {
    if (this.#closed) return
    const { topic, links, failed } = this.#options
    const unknownTopic = typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION' && failures < unknownTopicPatience
    if (error instanceof BrokerError || !(isConnectionError(error) || isNotYet(error) || unknownTopic)) {
      this.close()
      failed(brokerError(`Reading ${topic} failed`, error))
      return
    }
    await new Promise(resolve => setTimeout(resolve, Math.min(2000, 50 * 2 ** failures)))
    for (const link of links) await link.relearn(error).catch(link.note(`Reading ${topic} waits for the broker`))
  }
}
