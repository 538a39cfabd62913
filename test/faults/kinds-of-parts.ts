import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../kit/embedding-server.ts'
import { NotStruck } from './failpoint-server.ts'
import { api, type Frame, holding, lossy, type Rule, striking, type Verdict } from './kafka-proxy.ts'
import type { Kind } from './kind.ts'
import type { Rig } from './rig.ts'

const withinMs = 15_000
/** Longer than a session of 6 s. */
const sleepMs = 8_000

/** Puts a rule in force until `work` has ended. */
const under = async (rig: Rig, rule: Rule, work: () => Promise<void>) => {
  rig.proxy.rule = rule
  await work().finally(() => {
    rig.proxy.rule = null
  })
}
const soon = async <T>(what: string, coming: Promise<T>): Promise<T> => {
  const late = new AbortController()
  const never = delay(withinMs, undefined, { signal: late.signal }).then(() => {
    throw new NotStruck(what)
  })
  return Promise.race([coming, never]).finally(() => late.abort())
}
const ofWorkers = (rig: Rig, frame: Frame) =>
  rig.penstock.workers.find(worker => worker.role !== 'api' && rig.isOf(worker, frame.client))

/** A request of any worker, or the answer to one. */
const ofWorker = (rig: Rig, direction: Frame['direction'], key: number) => (frame: Frame) =>
  frame.direction === direction && frame.api === key && ofWorkers(rig, frame) !== undefined
/** A worker ends its transaction; all that it wrote is at the broker. */
const isCommit = (rig: Rig) => ofWorker(rig, 'request', api.endTransaction)

/** The first answer of a kind to any worker gets the verdict. */
const answerLost = (name: string, key: number, verdict: Verdict, threatens: string): Kind => ({
  name,
  threatens,
  takesMs: verdict === 'drop' ? 35_000 : 5_000,
  async strike(rig) {
    const { rule, done } = striking(ofWorker(rig, 'response', key), verdict)
    await under(rig, rule, async () => void (await soon(name, done)))
  },
})

const unknown = 'nobody knows whether it happened: done again, or believed'

const answers: readonly (readonly [string, Answer])[] = [
  ['limits the rate', { kind: 'status', status: 429, retryAfter: '1' }],
  ['fails', { kind: 'status', status: 500 }],
  ['hangs', { kind: 'hang' }],
  ['closes connections', { kind: 'reset' }],
  ['gives vectors of a wrong dimension', { kind: 'wrong_dimension' }],
  ['gives NaN', { kind: 'nan' }],
  ['gives too few vectors', { kind: 'short' }],
  ['gives cut JSON', { kind: 'cut' }],
  ['gives HTML', { kind: 'html' }],
]
const providerKinds = answers.map(
  ([what, answer]): Kind => ({
    name: `provider ${what}`,
    threatens: 'a bad vector is stored, or the job fails',
    takesMs: 8_000,
    async strike({ provider }, { kb }) {
      let left = 4
      const { promise: over, resolve } = Promise.withResolvers<void>()
      provider.answer = ({ body }) => {
        if (body.model !== kb || left === 0) return { kind: 'vectors' }
        if (--left === 0) resolve()
        return answer
      }
      await soon(what, over)
    },
  }),
)

export const partKinds: readonly Kind[] = [
  answerLost('answer to a commit lost with its connection', api.endTransaction, 'reset', unknown),
  answerLost('answer to a commit lost', api.endTransaction, 'drop', unknown),
  answerLost('answer to a produce lost with its connection', api.produce, 'reset', 'the batch is written twice'),
  answerLost('answer to an offset commit lost with its connection', api.commitOffsets, 'reset', unknown),
  {
    name: 'answer to a commit lost, and the worker killed',
    threatens: unknown,
    takesMs: 10_000,
    async strike(rig) {
      const { rule, done } = striking(ofWorker(rig, 'response', api.endTransaction), 'drop')
      await under(rig, rule, async () => {
        const frame = await soon('a commit', done)
        await ofWorkers(rig, frame)!.replace()
      })
    },
  },
  {
    name: 'kill when all is sent and nothing committed',
    threatens: 'outputs without their offset become visible',
    takesMs: 10_000,
    async strike(rig) {
      const { rule, held, release } = holding(isCommit(rig), 'drop')
      await under(rig, rule, async () => {
        const owner = ofWorkers(rig, await soon('a commit', held))!
        await owner.replace(release)
      })
    },
  },
  {
    name: 'connection lost when all is sent and nothing committed',
    threatens: 'outputs without their offset become visible',
    takesMs: 5_000,
    async strike(rig) {
      const { rule, done } = striking(isCommit(rig), 'reset')
      await under(rig, rule, async () => void (await soon('a commit', done)))
    },
  },
  {
    name: 'commit held past a hand-over',
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
        const owner = ofWorkers(rig, await soon('a commit', held))!
        owner.signal('SIGSTOP')
        // Only the owner's commit is held: those of the others go on.
        await delay(sleepMs)
        release()
        owner.signal('SIGCONT')
      })
    },
  },
  {
    name: 'requests twice on the wire',
    threatens: 'a batch is written twice',
    takesMs: 4_000,
    async strike(rig) {
      const { rule, done } = striking(ofWorker(rig, 'request', api.produce), 'twice')
      await under(rig, rule, async () => void (await soon('a produce', done)))
    },
  },
  {
    name: 'connections that swallow everything',
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
    threatens: 'work stands still',
    takesMs: 12_000,
    strike: (rig, _, random) => under(rig, lossy(50, 0.03, random), () => delay(5_000)),
  },
  {
    name: 'Kafka frozen',
    threatens: 'a worker believes what timed out',
    takesMs: 8_000,
    strike: ({ penstock }) => penstock.withoutKafka(() => delay(4_000)),
  },
  {
    name: 'Kafka killed and started again',
    threatens: 'a slice is lost or doubled',
    takesMs: 18_000,
    strike: ({ penstock }) => penstock.restartKafka(),
  },
  {
    name: 'answer to a COMMIT of PostgreSQL lost',
    threatens: unknown,
    takesMs: 6_000,
    async strike({ store }) {
      const { promise, resolve } = Promise.withResolvers<void>()
      let left = 1
      store.lose = bytes => {
        if (left === 0 || !/commit/i.test(bytes.toString('latin1'))) return false
        left--
        resolve()
        return true
      }
      await soon('a COMMIT', promise).finally(() => {
        store.lose = null
      })
    },
  },
  {
    name: 'all connections to PostgreSQL cut',
    threatens: 'an effect is lost or doubled',
    takesMs: 6_000,
    strike: async ({ store }) => store.cut(),
  },
  {
    name: 'a lock held on what every effect needs',
    threatens: 'a wait is taken for a failure',
    takesMs: 8_000,
    async strike({ penstock: { pool } }) {
      const client = await pool.connect()
      try {
        await client.query(
          'begin; set local idle_in_transaction_session_timeout = 0; lock table applied in access exclusive mode',
        )
        await delay(4_000)
      } finally {
        await client.query('rollback')
        client.release()
      }
    },
  },
  ...providerKinds,
]

const resetAll = (rig: Rig) =>
  under(
    rig,
    () => 'reset',
    () => delay(500),
  )
