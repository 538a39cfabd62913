import { setTimeout as delay } from 'node:timers/promises'
import { api, type Frame, type Rule, type Verdict } from './kafka-proxy.ts'
import type { Kind } from './kind.ts'
import type { Rig } from './rig.ts'
import { ofWorker, soon, under } from './under.ts'

/** Kafka's code of an answer to EndTxn; 0 would mean that it was done. */
const codeOf = (answer: Buffer) => answer.readInt16BE(12)

/**
 * A commit or abort that the network delivers late, over a connection that its sender has given up, when the next
 * transaction of the same transactional id is open: Kafka does not order what comes over different connections.
 */
const late = (name: string, takesMs: number, verdict: Verdict): Kind => ({
  name,
  rows: [7],
  threatens: 'it ends the transaction after the one that it was meant for',
  takesMs,
  strike: (rig, { tell }) => {
    const { promise: held, resolve: hold } = Promise.withResolvers<Frame>()
    const { promise: open, resolve: next } = Promise.withResolvers<void>()
    const { promise: delivered, resolve: go } = Promise.withResolvers<void>()
    const isEnd = ofWorker(rig, 'request', api.endTransaction)
    let first: Frame | null = null
    let again = false
    const rule: Rule = async frame => {
      if (first === null) {
        if (!isEnd(frame)) return 'pass'
        first = frame
        hold(frame)
        return verdict
      }
      if (frame.direction !== 'request' || frame.transactionalId !== first.transactionalId) return 'pass'
      if (frame.api === api.initProducer) again = true
      // All of the next transaction is written when its own end comes.
      if (!again || frame.api !== api.endTransaction) return 'pass'
      next()
      await delivered
      return 'pass'
    }
    return under(rig, rule, async () => {
      const frame = await soon('a commit', held)
      try {
        await soon('the next transaction', open, 60_000)
        tell({ note: `the late end of ${frame.transactionalId} was answered with ${codeOf(await frame.again())}` })
      } finally {
        go()
      }
    })
  },
})

/** How long a transaction is held for another to begin in its lane. */
const patienceMs = 1_500

/** Of two transactions that were open at once in a lane, the later one is aborted first. */
const overlapping = (rig: Rig) => {
  const { promise: older, resolve: hold } = Promise.withResolvers<Frame>()
  const { promise: aborted, resolve: gone } = Promise.withResolvers<void>()
  const stageOf = (id: string | null) => id?.split('.')[0] ?? ''
  const laneOf = (id: string | null) => id?.split('.')[1] ?? ''
  const isEnd = ofWorker(rig, 'request', api.endTransaction)
  const wrote = new Set<string>()
  let first: Frame | null = null
  let second: string | null = null
  const rule: Rule = async frame => {
    const { transactionalId: id, direction } = frame
    if (id === null) return 'pass'
    if (first === null) {
      if (!isEnd(frame) || !['chunking', 'embedding'].includes(stageOf(id))) return 'pass'
      first = frame
      hold(frame)
      await Promise.race([aborted, delay(patienceMs, undefined, { ref: false })])
      if (second !== null) {
        await aborted
        return 'reset'
      }
      // Nothing else is at work in that lane: another one may do.
      first = null
      wrote.clear()
      return 'pass'
    }
    if (laneOf(id) !== laneOf(first.transactionalId) || id === first.transactionalId) return 'pass'
    if (direction === 'request' && frame.api === api.produce) wrote.add(id)
    if (second === null && isEnd(frame) && wrote.has(id)) {
      second = id
      return 'reset'
    }
    // The broker gives a new producer when the transaction of the one before is aborted.
    if (
      second === id &&
      direction === 'response' &&
      frame.api === api.initProducer &&
      frame.bytes.readInt16BE(12) === 0
    )
      gone()
    return 'pass'
  }
  return { rule, older, aborted, release: gone }
}

export const transactionKinds: readonly Kind[] = [
  late('end of a transaction that comes late, in the next one', 15_000, 'reset'),
  late('end of a transaction held past the client’s patience, in the next one', 50_000, 'drop'),
  {
    name: 'transactions that overlap are aborted',
    rows: [3],
    threatens: 'records of an aborted slice are read',
    takesMs: 15_000,
    async strike(rig) {
      const { rule, older, aborted, release } = overlapping(rig)
      // All stages are to be at work at once.
      rig.provider.latencyMs = 300
      await rig.penstock.witness.slow('loading', 0.5)
      await under(rig, rule, async () => {
        try {
          await soon('a commit', older)
          await soon('another in its lane', aborted)
          await delay(500)
        } finally {
          release()
        }
      })
    },
  },
  {
    name: 'markers of commits that come late',
    rows: [11],
    threatens: 'a refusal that passes is taken for a failure',
    takesMs: 10_000,
    async strike(rig, { tell }) {
      let markers = 0
      const rule = async ({ direction, api: key }: Frame): Promise<Verdict> => {
        if (direction !== 'request' || key !== api.writeMarkers) return 'pass'
        markers++
        await delay(300)
        return 'pass'
      }
      await under(rig, rule, () => delay(6_000))
      tell({ note: `${markers} requests for markers were held for 300 ms` })
    },
  },
]
