import { finishSteps, phaseOfStage, phasesOf } from '../../src/coordinator/phases.ts'
import type { Broker, BrokerTransaction } from '../../src/kafka/broker.ts'
import { memoryKafka } from '../../src/kafka/memory.ts'
import type { LaneControl } from '../../src/schemas/lane-control.ts'
import type { Branch } from '../../src/schemas/names.ts'
import type { PhaseFailure } from '../../src/schemas/progress.ts'
import { topicSpecs } from '../../src/schemas/topic-specs.ts'
import {
  control,
  deadLetters,
  finish,
  loadRequests,
  progressTopic,
  type RecordOf,
  type Topic,
  topics,
} from '../../src/schemas/topics.ts'
import { localCodec } from '../../src/schemas/wire-codec.ts'
import { until } from '../kit/until.ts'
import { progress } from './histories.ts'

const lanes = 4
const codec = localCodec(topics)

/** A line, in memory unless stated, whose stages are played by hand, as far as the coordinator can see them. */
export const openLine = async (real?: Broker) => {
  const kafka = memoryKafka()
  const broker = real ?? kafka.connect()
  await broker.ensureTopics(topicSpecs(lanes))

  const as = async (id: string, work: (transaction: BrokerTransaction) => Promise<void>) => {
    const transactor = await broker.fence(id)
    const transaction = await transactor.begin()
    await work(transaction)
    await transaction.commit()
    await transactor.close()
  }
  /** What the coordinator has written, kept although it is deleted from the topics at the end of a job. */
  const watch = async <T extends Topic>(topic: T) => {
    const values: { readonly lane: number; readonly value: RecordOf<T> }[] = []
    const follower = await broker.follow({
      topic: topic.name,
      from: new Map((topic.name === control.name ? [0] : [0, 1, 2, 3]).map(lane => [lane, 0])),
      records: ({ lane, records }) => {
        for (const { value } of records) if (value.length > 0) values.push({ lane, value: codec.decode(topic, value) })
      },
      failed: error => {
        throw error
      },
    })
    return async () => {
      await follower.caughtUp()
      return values
    }
  }
  const loadRequested = await watch(loadRequests)
  const finishRequested = await watch(finish)
  const controlled = await watch(control)
  const controls = async () => (await controlled()).map(({ value }) => value)
  /** Records of a topic that carry nothing, as if the stage before had written them. */
  const fill = (topic: string, lane: number) =>
    as(`writer of ${topic}.${lane}`, transaction =>
      transaction.send(topic, lane, [{ key: '', value: Buffer.alloc(0) }]),
    )
  const of = async (lane: number) => (await controls()).findLast(one => one.lane === lane)
  const lanesOf = async (jobId: string): Promise<LaneControl[]> => {
    const newest = new Map((await controls()).map(one => [one.lane, one]))
    return [...newest.values()].filter(({ job }) => job?.job_id === jobId).sort((a, b) => a.lane - b.lane)
  }
  /** One slice for each lane of a stage: all there is, with the end mark. */
  const pass = async (jobId: string, stage: string, items = 5) => {
    const { input, firstLaneOnly } = phaseOfStage(stage)!
    for (const { lane, starts, job } of await lanesOf(jobId)) {
      if (firstLaneOnly && lane !== job!.lanes[0]) continue
      await fill(input.name, lane)
      const first = Math.max((await broker.committed(stage, input.name, lane)) ?? 0, starts[input.name]!)
      const { end: next } = await broker.range(input.name, lane)
      const { report } = progress(stage, {
        ...{ job_id: jobId, lane, first, next, items, outputs: items, end_marks: 1, message: `${stage} says\0` },
      })
      await as(`${stage}.${lane}`, async transaction => {
        const value = codec.encode(progressTopic, report)
        await transaction.send(progressTopic.name, lane, [{ key: jobId, value }])
        await transaction.commitOffset(stage, input.name, lane, next)
      })
    }
  }
  const started = (jobId: string) =>
    until(`start of ${jobId}`, async () => {
      const found = await lanesOf(jobId)
      return found.length > 0 ? found : null
    })

  return {
    /** For further clients, unless the line is on a real Kafka. */
    kafka: real ? null : kafka,
    broker,
    codec,
    /** Everything that was ever written to these, in order of lane or time. */
    loadRequested,
    finishRequested,
    controls,
    fill,
    /** What control says of a lane now. */
    of,
    /** What control says of the lanes of a job, once it has started. */
    started,
    pass,
    /** A stage fails the job in a lane. */
    async fail(jobId: string, stage: string, lane: number) {
      const failure: PhaseFailure = {
        type: 'phase_failure',
        job_id: jobId,
        attempt: 1,
        stage,
        lane,
        offset: 0,
        code: 'unauthorized',
        message: 'The key is not valid.',
      }
      const value = codec.encode(progressTopic, failure)
      await as(`${stage}.${lane}`, transaction => transaction.send(progressTopic.name, lane, [{ key: jobId, value }]))
    },
    async deadLetter(jobId: string, lane: number, offset: number) {
      const value = codec.encode(deadLetters, {
        type: 'dead_letter',
        job_id: jobId,
        kb_id: 'manual',
        stage: 'loading',
        topic: 'load.requests',
        lane,
        offset,
        code: 'unreadable',
        message: 'no\0',
        attempts: 1,
        uri: 'a\0.md',
        document_id: null,
        source: null,
        trace_id: null,
        payload: Buffer.from('x'),
      })
      await as(`loading.${lane}`, transaction => transaction.send(deadLetters.name, lane, [{ key: 'd', value }]))
    },
    async garbage(topic: string, lane: number) {
      await as('garbage', transaction => transaction.send(topic, lane, [{ key: '', value: Buffer.from('garbage') }]))
    },
    /** Passes everything but FINISHING, waits for that to be asked for, and passes it. */
    async complete(jobId: string) {
      const branches = (await started(jobId))[0]!.job!.branches as readonly Branch[]
      for (const { stage } of phasesOf({ branches })) if (stage !== 'finishing') await pass(jobId, stage)
      await until('finish requests', async () => (await finishRequested()).some(({ value }) => value.job_id === jobId))
      await pass(jobId, 'finishing', finishSteps.length)
      await until('told to be free', async () => (await lanesOf(jobId)).length === 0)
    },
    close: () => broker.close(),
  }
}
