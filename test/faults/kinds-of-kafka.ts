import { setTimeout as delay } from 'node:timers/promises'
import { api, type Frame, holding, lossy, striking, type Verdict } from './kafka-proxy.ts'
import type { Kind } from './kind.ts'
import type { Rig } from './rig.ts'
import { ofWorker, pastSessionMs, soon, under, workerOf } from './under.ts'

/** A worker ends its transaction; all that it wrote is at the broker. */
const isCommit = (rig: Rig) => ofWorker(rig, 'request', api.endTransaction)

/** The first answer of a kind to any worker gets the verdict. */
const answerLost = (name: string, row: number, key: number, verdict: Verdict, threatens: string): Kind => ({
  name,
  rows: [row],
  threatens,
  takesMs: verdict === 'drop' ? 35_000 : 5_000,
  async strike(rig) {
    const { rule, done } = striking(ofWorker(rig, 'response', key), verdict)
    await under(rig, rule, async () => void (await soon(name, done)))
  },
})

export const unknownOutcome = 'nobody knows whether it happened: done again, or believed'

export const kafkaKinds: readonly Kind[] = [
  answerLost('answer to a commit lost with its connection', 5, api.endTransaction, 'reset', unknownOutcome),
  answerLost('answer to a commit lost', 5, api.endTransaction, 'drop', unknownOutcome),
  answerLost('answer to a produce lost with its connection', 12, api.produce, 'reset', 'the batch is written twice'),
  answerLost('answer to an offset commit lost with its connection', 4, api.commitOffsets, 'reset', unknownOutcome),
  {
    name: 'answer to a commit lost, and the worker killed',
    rows: [5],
    threatens: unknownOutcome,
    takesMs: 10_000,
    async strike(rig) {
      const { rule, done } = striking(ofWorker(rig, 'response', api.endTransaction), 'drop')
      await under(rig, rule, async () => {
        const frame = await soon('a commit', done)
        await workerOf(rig, frame)!.replace()
      })
    },
  },
  {
    name: 'kill when all is sent and nothing committed',
    rows: [4],
    threatens: 'outputs without their offset become visible',
    takesMs: 10_000,
    async strike(rig) {
      const { rule, held, release } = holding(isCommit(rig), 'drop')
      await under(rig, rule, async () => {
        const owner = workerOf(rig, await soon('a commit', held))!
        await owner.replace(release)
      })
    },
  },
  {
    name: 'connection lost when all is sent and nothing committed',
    rows: [4],
    threatens: 'outputs without their offset become visible',
    takesMs: 5_000,
    async strike(rig) {
      const { rule, done } = striking(isCommit(rig), 'reset')
      await under(rig, rule, async () => void (await soon('a commit', done)))
    },
  },
  {
    name: 'commit held past a hand-over',
    rows: [6, 8],
    threatens: 'the old owner’s commit takes effect in the new owner’s slice',
    takesMs: 14_000,
    async strike(rig) {
      const { rule, held, release } = holding(
        frame =>
          frame.direction === 'request' &&
          frame.api === api.endTransaction &&
          [...rig.workers('embedding'), ...rig.workers('indexing')].some(worker => rig.isOf(worker, frame.client)),
      )
      await under(rig, rule, async () => {
        const owner = workerOf(rig, await soon('a commit', held))!
        owner.signal('SIGSTOP')
        // Only the owner's commit is held: those of the others go on.
        await delay(pastSessionMs)
        release()
        owner.signal('SIGCONT')
      })
    },
  },
  {
    name: 'requests twice on the wire',
    rows: [12],
    threatens: 'a batch is written twice',
    takesMs: 4_000,
    async strike(rig) {
      const { rule, done } = striking(ofWorker(rig, 'request', api.produce), 'twice')
      await under(rig, rule, async () => void (await soon('a produce', done)))
    },
  },
  {
    name: 'connections that swallow everything',
    rows: [25],
    threatens: 'a worker waits for ever',
    takesMs: 36_000,
    strike: rig =>
      under(
        rig,
        () => 'drop',
        () => delay(2_000),
      ).then(() => resetAll(rig)),
  },
  {
    name: 'a slow network that loses connections',
    rows: [26],
    threatens: 'work stands still',
    takesMs: 12_000,
    strike: (rig, _, random) => under(rig, lossy(50, 0.03, random), () => delay(5_000)),
  },
  {
    name: 'Kafka frozen',
    rows: [22],
    threatens: 'a worker believes what timed out',
    takesMs: 8_000,
    strike: ({ penstock }) => penstock.withoutKafka(() => delay(4_000)),
  },
  {
    name: 'Kafka killed and started again',
    rows: [22],
    threatens: 'a slice is lost or doubled',
    takesMs: 18_000,
    strike: ({ penstock }) => penstock.restartKafka(),
  },
  {
    name: 'Kafka killed and away for half a minute',
    rows: [22],
    threatens: 'a wait is taken for a failure',
    takesMs: 50_000,
    strike: ({ penstock }) => penstock.restartKafka(() => delay(30_000)),
  },
  {
    name: 'one connection that swallows everything',
    rows: [25],
    threatens: 'a worker waits for ever',
    takesMs: 45_000,
    async strike(rig) {
      const { promise, resolve } = Promise.withResolvers<number>()
      let dead: number | null = null
      const rule = (frame: Frame) => {
        if (dead === null && isCommit(rig)(frame)) {
          dead = frame.connection
          resolve(dead)
        }
        return dead === frame.connection ? 'drop' : 'pass'
      }
      await under(rig, rule, async () => {
        await soon('a commit', promise)
        await delay(40_000)
      })
    },
  },
]

const resetAll = (rig: Rig) =>
  under(
    rig,
    () => 'reset',
    () => delay(500),
  )
