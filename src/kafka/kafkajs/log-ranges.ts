import { BrokerError } from '../broker.ts'
import { brokerError } from './errors.ts'
import type { Link } from './link.ts'

const earliest = -2
const latest = -1
const readUncommitted = 0

interface ListOffsetsResponse {
  readonly responses: readonly {
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
  }[]
}

/** Where the logs of lanes start and end. The end is the high watermark: what a commit just wrote is below it. */
export class LogRanges {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  async range(topic: string, lane: number): Promise<{ readonly start: number; readonly end: number }> {
    const [starts, ends] = await Promise.all([this.#list(topic, [lane], earliest), this.#list(topic, [lane], latest)])
    return { start: starts.get(lane)!, end: ends.get(lane)! }
  }

  ends(topic: string, lanes: readonly number[]): Promise<Map<number, number>> {
    return this.#list(topic, lanes, latest)
  }

  async #list(topic: string, lanes: readonly number[], timestamp: number): Promise<Map<number, number>> {
    try {
      return await this.#link.patiently(() => this.#ask(topic, lanes, timestamp))
    } catch (error) {
      throw brokerError(`The bounds of topic ${topic} could not be read`, error)
    }
  }

  async #ask(topic: string, lanes: readonly number[], timestamp: number): Promise<Map<number, number>> {
    const byNode = Map.groupBy(
      await Promise.all(lanes.map(async lane => ({ lane, node: await this.#link.leader(topic, lane) }))),
      ({ node }) => node,
    )
    const offsets = new Map<number, number>()
    await Promise.all(
      [...byNode].map(async ([node, asked]) => {
        const partitions = asked.map(({ lane }) => ({ partition: lane, timestamp }))
        const { responses } = await this.#link.send<ListOffsetsResponse>(node, 'ListOffsets', {
          isolationLevel: readUncommitted,
          topics: [{ topic, partitions }],
        })
        for (const { partition, offset } of responses.flatMap(each => each.partitions))
          offsets.set(partition, Number(offset))
      }),
    )
    if (offsets.size !== lanes.length)
      throw new BrokerError(
        'unknown_topic',
        `The broker named the bounds of ${offsets.size} of ${lanes.length} lanes of ${topic}.`,
      )
    return offsets
  }
}
