import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { closing, joined, listening, type Sockets } from './joined.ts'

/** Numbers of Kafka's requests (kafka.apache.org/protocol, "API keys") that faults are aimed at. */
export const api = {
  produce: 0,
  joinGroup: 11,
  heartbeat: 12,
  initProducer: 22,
  addPartitions: 24,
  endTransaction: 26,
  writeMarkers: 27,
  commitOffsets: 28,
} as const

/** Those whose body begins with the transactional id. */
const transactional: ReadonlySet<number> = new Set([
  api.produce,
  api.initProducer,
  api.addPartitions,
  api.endTransaction,
])

export interface Frame {
  readonly direction: 'request' | 'response'
  /** Of the request, or of the one that a response answers. */
  readonly api: number
  readonly correlation: number
  /** By which a client names itself. */
  readonly client: string
  /** Of a request, where it has one; of a response that of its request. */
  readonly transactionalId: string | null
  /** Tells one connection from another. */
  readonly connection: number
  readonly bytes: Buffer
  /** Sends it once more, over a connection of its own, and gives the answer. */
  again(): Promise<Buffer>
}

/** What becomes of a frame: it goes on, twice, or not at all, or its connection ends. */
export type Verdict = 'pass' | 'twice' | 'drop' | 'reset'
/** Asked of each frame; while it waits, the frames after it in that direction of that connection wait too. */
export type Rule = (frame: Frame) => Verdict | Promise<Verdict>

export interface KafkaProxy {
  readonly port: number
  /** The rule that is in force, if any. */
  rule: Rule | null
  close(): Promise<void>
}

/** Stands between Kafka's clients and a broker that names it as its address, and reads the headers of what passes. */
export const startKafkaProxy = async (port: number, target: number): Promise<KafkaProxy> => {
  const sockets: Sockets = new Set()
  const proxy = { rule: null as Rule | null }
  let connections = 0
  const send = async (bytes: Buffer): Promise<Buffer> => {
    const broker = connect(target, '127.0.0.1')
    sockets.add(broker)
    try {
      broker.write(bytes)
      for await (const answer of frames(broker)) return answer
      throw new Error('The broker closed the connection without an answer.')
    } finally {
      broker.destroy()
      sockets.delete(broker)
    }
  }
  const server = createServer(client => {
    const broker = connect(target, '127.0.0.1')
    const connection = ++connections
    const asked: Asked = new Map()
    const { end } = joined(sockets, client, broker)
    const relay = async (from: Socket, to: Socket, direction: Frame['direction']) => {
      for await (const bytes of frames(from)) {
        const about = direction === 'request' ? requestOf(bytes, asked) : responseOf(bytes, asked)
        const frame: Frame = { direction, ...about, connection, bytes, again: () => send(bytes) }
        const verdict = proxy.rule === null ? 'pass' : await proxy.rule(frame)
        if (verdict === 'reset') return end()
        if (verdict === 'drop' || to.destroyed) continue
        to.write(bytes)
        if (verdict === 'twice') to.write(bytes)
      }
    }
    for (const relaying of [relay(client, broker, 'request'), relay(broker, client, 'response')]) relaying.catch(end)
  })
  await listening(server, port)
  return Object.assign(proxy, { port, close: () => closing(server, sockets) })
}

/** The messages of a connection, each with the four bytes of its size. */
async function* frames(socket: Socket): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let have = 0
  for await (const part of socket as AsyncIterable<Buffer>) {
    parts.push(part)
    have += part.length
    while (have >= 4) {
      if (parts[0]!.length < 4) parts = [Buffer.concat(parts)]
      const size = 4 + parts[0]!.readInt32BE(0)
      if (have < size) break
      const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      yield all.subarray(0, size)
      parts = size === all.length ? [] : [all.subarray(size)]
      have -= size
    }
  }
}

type About = Pick<Frame, 'api' | 'client' | 'correlation' | 'transactionalId'>
type Asked = Map<number, About>

const requestOf = (bytes: Buffer, asked: Asked): About => {
  const correlation = bytes.readInt32BE(8)
  const key = bytes.readInt16BE(4)
  const client = stringAt(bytes, 12)
  const transactionalId = transactional.has(key) ? stringAt(bytes, 14 + Buffer.byteLength(client ?? '')) : null
  const about = { api: key, correlation, client: client ?? '', transactionalId }
  asked.set(correlation, about)
  return about
}

const responseOf = (bytes: Buffer, asked: Asked): About => {
  const correlation = bytes.readInt32BE(4)
  const about = asked.get(correlation) ?? { api: -1, client: '', correlation, transactionalId: null }
  asked.delete(correlation)
  return about
}

/** A string with its length before it as two bytes; a length below zero is none. */
const stringAt = (bytes: Buffer, at: number): string | null => {
  const length = bytes.readInt16BE(at)
  return length < 0 ? null : bytes.toString('utf8', at + 2, at + 2 + length)
}

/** Holds frames of a kind of the first client that sends one until `release`, then gives them the verdict. */
export const holding = (matches: (frame: Frame) => boolean, verdict: Verdict = 'pass') => {
  const { promise: held, resolve: hold } = Promise.withResolvers<Frame>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let client: string | null = null
  const rule = async (frame: Frame): Promise<Verdict> => {
    if (!matches(frame) || (client !== null && client !== frame.client)) return 'pass'
    client = frame.client
    hold(frame)
    await released
    return verdict
  }
  return { rule, held, release }
}

/** Gives the first frame of a kind a verdict, the others pass; `done` resolves when it came. */
export const striking = (matches: (frame: Frame) => boolean, verdict: Verdict) => {
  const { promise: done, resolve } = Promise.withResolvers<Frame>()
  let struck = false
  const rule: Rule = frame => {
    if (struck || !matches(frame)) return 'pass'
    struck = true
    resolve(frame)
    return verdict
  }
  return { rule, done }
}

/** Each frame so many ms later, and some connections reset. */
export const lossy =
  (ms: number, resets: number, random: () => number): Rule =>
  async ({ direction }) => {
    if (direction === 'request' && random() < resets) return 'reset'
    await delay(ms)
    return 'pass'
  }
