import type { Broker } from '../../src/kafka/broker.ts'
import { memoryKafka } from '../../src/kafka/memory.ts'
import type { LaneControl, LaneJob } from '../../src/schemas/lane-control.ts'
import { topicSpecs } from '../../src/schemas/topic-specs.ts'
import { control, deadLetters, progressTopic, type RecordOf, type Topic, topics } from '../../src/schemas/topics.ts'
import { localCodec } from '../../src/schemas/wire-codec.ts'

export const laneJob = (overrides: Partial<LaneJob> = {}): LaneJob => ({
  job_id: 'job-1',
  kb_id: 'kb-1',
  kind: 'run',
  run: 1,
  attempt: 1,
  revision: 0,
  priority: 0,
  lanes: [0],
  sources: [],
  chunking: { strategy: 'markdown', chunk_size: 64, chunk_overlap: 8 },
  embedding: { provider: 'hashing', model: 'hashing-v1', dimensions: 8 },
  branches: [],
  documents_per_second: null,
  delete_guard: null,
  traceparent: null,
  replay_of: null,
  ...overrides,
})

/** An in-memory line of `lanes` lanes, with the coordinator's pen: what a stage under test lives in. */
export const openLine = async (lanes = 2) => {
  const kafka = memoryKafka()
  const broker: Broker = kafka.connect()
  const codec = localCodec(topics)
  await broker.ensureTopics(topicSpecs(lanes))
  let revision = 0

  const write = async <T extends Topic>(topic: T, lane: number, values: readonly RecordOf<T>[], id = 'test-writer') => {
    const transactor = await broker.fence(id)
    const transaction = await transactor.begin()
    await transaction.send(
      topic.name,
      lane,
      values.map(value => ({ key: 'k', value: codec.encode(topic, value) })),
    )
    await transaction.commit()
    await transactor.close()
  }
  const rule = (lane: number, job: LaneJob | null, rest: Partial<LaneControl> = {}) =>
    write(control, 0, [
      { type: 'lane_control', lane, revision: ++revision, job, starts: {}, held: [], cancelled: false, ...rest },
    ])
  const read = async <T extends Topic>(topic: T, lane = 0): Promise<RecordOf<T>[]> => {
    const values: RecordOf<T>[] = []
    const follower = await broker.follow({
      topic: topic.name,
      from: new Map([[lane, 0]]),
      records: batch => {
        for (const { value } of batch.records) values.push(codec.decode(topic, value))
      },
      failed: error => {
        throw error
      },
    })
    await follower.caughtUp()
    await follower.stop()
    return values
  }
  return {
    kafka,
    broker,
    codec,
    write,
    rule,
    read,
    progress: (lane = 0) => read(progressTopic, lane),
    deadLetters: (lane = 0) => read(deadLetters, lane),
    close: () => broker.close(),
  }
}
