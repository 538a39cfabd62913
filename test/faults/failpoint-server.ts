import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { until } from '../kit/until.ts'
import { type Order, portVariable, type Said, type Told } from './failpoint-orders.ts'
import { closing, listening } from './joined.ts'
import { NotStruck } from './not-struck.ts'

/** Tells processes where to fail. */
export interface Failpoints {
  /** What a process has to be given so that it takes orders. */
  readonly environment: Readonly<Record<string, string>>
  /** Resolves when the first of the processes has come to the failpoint and the fault strikes; the others are let go. */
  order(pids: readonly number[], order: Omit<Order, 'id'>, withinMs: number): Promise<number>
  /** As `order`, for as long as `work` takes, which is told of the first of them. */
  during(
    pids: readonly number[],
    order: Omit<Order, 'id'>,
    withinMs: number,
    work: (first: Promise<number>) => Promise<void>,
  ): Promise<void>
  /** The wall clocks of processes are wrong by so many ms from now on. */
  clock(pids: readonly number[], ms: number): Promise<void>
  close(): Promise<void>
}

export const openFailpoints = async (): Promise<Failpoints> => {
  const processes = new Map<number, Socket>()
  /** Whether a process may strike. */
  const waiting = new Map<number, () => boolean>()
  let last = 0
  const tell = (socket: Socket, told: Told) => socket.write(`${JSON.stringify(told)}\n`)
  const server = createServer(socket => {
    const lines = createInterface({ input: socket })
    // A process that is killed resets its connection.
    for (const one of [socket, lines]) one.on('error', () => socket.destroy())
    lines.on('line', line => {
      const said = JSON.parse(line) as Said
      if ('pid' in said) processes.set(said.pid, socket)
      else tell(socket, { may: waiting.get(said.struck)?.() ?? false, of: said.struck })
    })
  })
  const port = await listening(server)
  const client = pathToFileURL(new URL('./failpoint-client.ts', import.meta.url).pathname)
  const failpoints: Failpoints = {
    environment: { NODE_OPTIONS: `--import=${client.href}`, [portVariable]: String(port) },
    async order(pids, order, withinMs) {
      let struck = 0
      await failpoints.during(pids, order, withinMs, async first => {
        struck = await first
      })
      return struck
    },
    async during(pids, order, withinMs, work) {
      const orders = await Promise.all(
        pids.map(async pid => {
          const socket = await until(`process ${pid} takes orders`, () => processes.get(pid))
          return { pid, socket, id: ++last }
        }),
      )
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      let struck = false
      for (const { pid, socket, id } of orders) {
        waiting.set(id, () => {
          if (struck && order.document === undefined) return false
          struck = true
          resolve(pid)
          return true
        })
        tell(socket, { id, ...order })
      }
      const late = setTimeout(() => reject(new NotStruck(`no process came to ${order.point} in time`)), withinMs)
      await work(promise.finally(() => clearTimeout(late))).finally(() => {
        for (const { id, socket } of orders) {
          waiting.delete(id)
          tell(socket, { withdrawn: id })
        }
      })
    },
    async clock(pids, ms) {
      for (const pid of pids) tell(await until(`process ${pid} takes orders`, () => processes.get(pid)), { clock: ms })
    },
    close: () => closing(server, processes.values()),
  }
  return failpoints
}
