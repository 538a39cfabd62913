import { connect, createServer } from 'node:net'
import { closing, joined, listening, type Sockets } from './joined.ts'

/** What is asked of the bytes that a client sends; `hello` are the first bytes of its connection. */
type Ask<T> = (bytes: Buffer, hello: Buffer) => T

export interface TcpProxy {
  readonly port: number
  /** Told of what clients send; true ends the connection after it was handed on, so that the answer is lost. */
  lose: Ask<boolean> | null
  /** Told of what clients send; what it gives is waited for before the bytes, and those after them, are handed on. */
  hold: Ask<Promise<void> | null> | null
  /** Told of what clients send; true makes the connection swallow everything from then on, the server's end included. */
  swallow: Ask<boolean> | null
  /** Ends every connection. */
  cut(): void
  close(): Promise<void>
}

/** Stands before any server, to hold what is asked of it, and to lose its answers and connections. */
export const startTcpProxy = async (target: number): Promise<TcpProxy> => {
  const sockets: Sockets = new Set()
  const proxy: Pick<TcpProxy, 'lose' | 'hold' | 'swallow'> = { lose: null, hold: null, swallow: null }
  const server = createServer(client => {
    const upstream = connect(target, '127.0.0.1')
    const { end, part } = joined(sockets, client, upstream)
    let lost = false
    let dead = false
    const relay = async () => {
      let hello: Buffer | null = null
      for await (const bytes of client as AsyncIterable<Buffer>) {
        hello ??= bytes
        if (!dead && proxy.swallow?.(bytes, hello)) {
          dead = true
          part()
        }
        if (dead) continue
        await proxy.hold?.(bytes, hello)
        if (upstream.destroyed) return
        upstream.write(bytes)
        if (!lost && proxy.lose?.(bytes, hello)) lost = true
      }
    }
    relay().catch(end)
    upstream.on('data', bytes => {
      if (lost) end()
      else if (!dead) client.write(bytes)
    })
  })
  const port = await listening(server)
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return Object.assign(proxy, { port, cut, close: () => closing(server, sockets) })
}
