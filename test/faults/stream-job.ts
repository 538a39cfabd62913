import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { LaneBatch } from '../../src/kafka/broker.ts'
import { openCodec } from '../../src/schemas/registry.ts'
import { loadRequests, topics, upstreamDocuments } from '../../src/schemas/topics.ts'
import type { Installation } from '../kit/installation.ts'
import { until } from '../kit/until.ts'
import { drained, publishStory, searchable } from '../kit/upstream-story.ts'
import { chunking, embeddingOf } from '../system/scenario.ts'
import { params } from './pausing.ts'
import type { Rig } from './rig.ts'
import type { Subject } from './subject.ts'

const story = { events: 900, uris: 60, batch: 15 } as const
/** Between two batches of a producer, so that faults fall between them. */
const betweenMs = 120

/** Follows lanes of a topic from their start, or from their end, for as long as the job lasts. */
const following = async (
  { broker }: Installation,
  topic: string,
  lanes: readonly number[],
  from: 'start' | 'end',
  records: (batch: LaneBatch) => Promise<void> | void,
) => {
  let broken: Error | null = null
  const ranges = await Promise.all(lanes.map(async lane => [lane, (await broker.range(topic, lane))[from]] as const))
  const failed = (error: Error) => {
    broken = error
  }
  const follower = await broker.follow({ topic, from: new Map(ranges), records, failed })
  return {
    async caughtUp() {
      if (broken) throw new Error(`What ${topic} has was not read whole`, { cause: broken })
      await follower.caughtUp()
    },
    stop: () => follower.stop(),
  }
}

/** Where upstream records were, as far as those who follow them have read. */
type Places = { readonly partition: number; readonly offset: number }[]
const byPartition = (places: Places) =>
  Object.fromEntries(
    [...Map.groupBy(places, ({ partition }) => partition)]
      .toSorted(([a], [b]) => a - b)
      .map(([partition, all]) => [partition, all.map(({ offset }) => offset)]),
  )

/** What upstream published, and what of it INTAKE brought into the stream's lane, in order, as committed. */
const witnessed = async (penstock: Installation, job: string, lane: number) => {
  const { client, addresses } = penstock
  const codec = await openCodec({ url: addresses.SCHEMA_REGISTRY_URL, topics })
  const { partitions } = await client.intake({})
  const [published, brought]: [Places, Places] = [[], []]
  const upstream = await following(
    penstock,
    upstreamDocuments.name,
    partitions.map(({ partition }) => partition),
    'end',
    ({ lane: partition, records }) => {
      for (const { offset } of records) published.push({ partition, offset })
    },
  )
  const intake = await following(penstock, loadRequests.name, [lane], 'start', async ({ records }) => {
    await codec.prepare(records.map(({ value }) => value))
    for (const { value } of records) {
      const one = codec.decode(loadRequests, value)
      if (one.type === 'load_event' && one.job_id === job)
        brought.push({ partition: one.upstream_partition, offset: one.upstream_offset })
    }
  })
  return {
    published,
    brought,
    async caughtUp() {
      await upstream.caughtUp()
      await intake.caughtUp()
    },
    async stop() {
      await upstream.stop()
      await intake.stop()
    },
  }
}

const cancelled = async (rig: Rig, job: string, kb: string) => {
  await rig.penstock.client.cancel(params({ kb }))
  await rig.penstock.ended(job)
}

/** What two upstream systems publish, with updates and deletions: INTAKE brings it into the lane of a stream. */
export const streamJob: Subject = {
  roles: ['intake', 'intake'],
  stages: ['loading', 'chunking', 'embedding', 'indexing'],
  biteS: 0,
  async begin(rig, kb, random) {
    const { penstock, withinMs } = rig
    const body = { kb_id: kb, sources: [{ type: 'events' as const }], chunking, embedding: embeddingOf(kb) }
    const { job_id: job } = await penstock.client.ingest({ body })
    const { lanes } = await penstock.jobThat(job, 'its lane', ({ status }) => status === 'running')
    const seen = await witnessed(penstock, job, lanes[0]!)
    const seed = Math.floor(random() * 2 ** 31)
    const publishing = publishStory(penstock, { ...story, kb, seed, between: () => delay(betweenMs) })
    // Whoever waits for it hears of its error.
    publishing.catch(() => undefined)
    return {
      job,
      underWay: chance => {
        const events = story.events * (0.1 + 0.4 * chance())
        return until('events in the lane', () => seen.brought.length > events, 30_000)
      },
      async isWhole() {
        const expected = await publishing
        await drained(penstock, job, withinMs)
        await seen.caughtUp()
        const { metrics } = await penstock.jobThat(
          job,
          'all that was published',
          one => one.metrics.documents >= seen.published.length && one.stream?.unfinished_documents === 0,
          withinMs,
        )
        const at = Date.now()
        assert.ok(seen.published.length >= story.events)
        assert.deepEqual(byPartition(seen.brought), byPartition(seen.published), 'events in the lane of the stream')
        assert.partialDeepStrictEqual(metrics, { documents: seen.published.length, rejected: 0 })
        const { texts, hidden } = await searchable(penstock, kb)
        assert.deepEqual([...texts].toSorted(), [...expected].toSorted())
        assert.equal(hidden, 0)
        await cancelled(rig, job, kb)
        await rig.isSound(job, kb)
        return at
      },
      async end() {
        await publishing.catch(() => undefined)
        await seen.stop()
      },
    }
  },
}
