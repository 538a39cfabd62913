import { deserialize } from 'node:v8'
import { Reject } from '../../runtime/errors.ts'
import { type Ending, failureOf, howEnded } from './failure.ts'
import type { Answers } from './messages.ts'
import { type ParserChild, type ParserChildOptions, startParserChild } from './parser-child.ts'
import type { InputOf, OutputOf, ParseOrder, Parsers, ParserTable } from './parsers.ts'
import type { OwnParsers } from './table.ts'
import { tableInUse } from './table-in-use.ts'
import { batchOf, type Work } from './work.ts'

export interface ParserPoolOptions extends Omit<ParserChildOptions, 'table'> {
  /** At most so many children at once. */
  readonly children: number
  /** The module whose `parsers` they run; Penstock's own unless given. */
  readonly table?: URL
  /** A child ends after so many inputs; 10,000 unless given. */
  readonly inputsOfChild?: number
  /** A child without work ends after so long; 30 s unless given. */
  readonly idleMs?: number
}

export interface ParserPool<T extends ParserTable = OwnParsers> extends Parsers<T> {
  /** Ends all children; what waits for them is rejected. */
  close(): Promise<void>
}

interface Member {
  readonly child: ParserChild
  state: 'starting' | 'idle' | 'busy' | 'ending'
  /** What it has and has not answered, in order. */
  batch: Work[]
  inputs: number
  idle: NodeJS.Timeout | null
}

/** A second child is not worth its start for what the first can take over in a moment. */
const patienceMs = 25
/** One that ended a child by chance (a signal from outside, another input sent with it) does not do so again, alone. */
const tries = 2

/**
 * Runs parsers in child processes, so that an endless loop, a crash or a flood of memory costs one input, not the process.
 * Children start when they are needed and are kept; several small inputs go in one message. When a child ends, those
 * that it has not answered are tried once more, each alone: the one on which a child ends again is rejected.
 */
export const parserPool = <T extends ParserTable = OwnParsers>(options: ParserPoolOptions): ParserPool<T> => {
  const { children, table = tableInUse(), inputsOfChild = 10_000, idleMs = 30_000 } = options
  const members = new Set<Member>()
  let waiting: Work[] = []
  let pumping = false
  let patience: NodeJS.Timeout | null = null
  let closed = false
  const share = Math.max(1, children - 1)

  const soon = () => {
    if (pumping) return
    pumping = true
    setImmediate(() => {
      pumping = false
      pump()
    })
  }
  const pump = (patient = true) => {
    for (const work of [...waiting]) {
      if (!waiting.includes(work) || childrenOf(work.order.asker) >= share) continue
      const member = [...members].find(({ state }) => state === 'idle')
      if (!member) return grow(patient)
      give(member, batchOf(waiting.slice(waiting.indexOf(work))))
    }
  }
  const childrenOf = (asker: string) =>
    [...members].filter(({ batch }) => batch.some(work => !work.settled && work.order.asker === asker)).length

  const grow = (patient: boolean) => {
    const all = [...members]
    if (members.size === children || all.some(one => one.state === 'starting')) return
    if (patient && all.some(one => one.state === 'busy')) {
      patience ??= setTimeout(() => {
        patience = null
        pump(false)
      }, patienceMs)
      return
    }
    start()
  }
  const start = () => {
    const child = startParserChild({ ...options, table })
    const member: Member = { child, state: 'starting', batch: [], inputs: 0, idle: null }
    members.add(member)
    child.ready.then(() => {
      if (member.state === 'starting') rest(member)
    }, reject)
    child.ended.then(ending => bury(member, ending), reject)
  }
  const end = (member: Member) => {
    member.state = 'ending'
    member.child.kill()
  }
  const rest = (member: Member) => {
    member.state = 'idle'
    member.idle = setTimeout(() => end(member), idleMs).unref()
    pump()
  }

  const give = (member: Member, batch: readonly Work[]) => {
    waiting = waiting.filter(work => !batch.includes(work))
    if (member.idle) clearTimeout(member.idle)
    member.state = 'busy'
    member.batch = [...batch]
    const inputs = batch.map(work => work.input)
    member.child.run({ parser: batch[0]!.parser, inputs }, answer => take(member, answer))
  }
  const take = (member: Member, { outputs, rss }: Answers) => {
    for (const output of outputs) {
      const work = member.batch.shift()!
      member.inputs += 1
      if ('value' in output) work.resolve(deserialize(output.value))
      else work.reject(new Reject(output.code, `${work.order.of} cannot be read: ${output.message}.`))
    }
    if (member.batch.length > 0 || member.state !== 'busy') return
    if (member.inputs >= inputsOfChild || rss > options.memoryBytes / 2) end(member)
    else rest(member)
  }
  const bury = (member: Member, ending: Ending) => {
    members.delete(member)
    if (member.idle) clearTimeout(member.idle)
    if (member.state === 'starting') fail(unavailable(ending))
    const left = member.batch.filter(work => !work.settled)
    if (member.state === 'busy') for (const work of left) blame(work, left.length === 1, ending)
    waiting.unshift(...left.filter(work => !work.settled))
    if (!closed) soon()
  }
  const blame = (work: Work, alone: boolean, ending: Ending) => {
    work.failures += 1
    if (!alone || work.failures < tries) return
    const { code, message } = failureOf(ending, options)
    work.reject(new Reject(code, `${work.order.of} ${message}`))
  }
  const fail = (error: Error) => {
    for (const work of waiting.splice(0)) work.reject(error)
  }
  const reject = (error: unknown) => fail(error instanceof Error ? error : new Error(String(error)))

  const abort = (work: Work) => {
    waiting = waiting.filter(one => one !== work)
    const member = [...members].find(({ batch }) => batch.includes(work))
    if (member?.state === 'busy' && member.batch.every(({ settled }) => settled)) end(member)
  }

  return {
    parse: <N extends keyof T & string>(parser: N, input: InputOf<T, N>, order: ParseOrder) =>
      new Promise<OutputOf<T, N>>((resolve, reject) => {
        order.signal.throwIfAborted()
        if (closed) throw closing()
        const settle = (how: () => void) => {
          if (work.settled) return
          work.settled = true
          order.signal.removeEventListener('abort', aborted)
          how()
        }
        const work: Work = {
          ...{ parser, input, order, settled: false, failures: 0 },
          resolve: output => settle(() => resolve(output as OutputOf<T, N>)),
          reject: error => settle(() => reject(error)),
        }
        const aborted = () => {
          work.reject(order.signal.reason)
          abort(work)
        }
        order.signal.addEventListener('abort', aborted)
        waiting.push(work)
        soon()
      }),
    async close() {
      closed = true
      if (patience) clearTimeout(patience)
      fail(closing())
      const all = [...members]
      for (const member of all) {
        for (const work of member.batch) work.reject(closing())
        end(member)
      }
      await Promise.all(all.map(({ child }) => child.ended))
    },
  }
}

const closing = () => new Error('The parsers are closed.')

const unavailable = (ending: Ending) =>
  Object.assign(new Error(`A parser could not be started (${howEnded(ending)}): ${ending.errors.trim()}`), {
    code: 'parser_unavailable',
  })
