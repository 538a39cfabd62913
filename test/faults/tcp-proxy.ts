import { connect, createServer } from 'node:net'
import { closing, joined, listening, type Sockets } from './joined.ts'

export interface TcpProxy {
  readonly port: number
  /** Told of what clients send; true ends the connection after it was handed on, so that the answer is lost. */
  lose: ((bytes: Buffer) => boolean) | null
  /** Ends every connection. */
  cut(): void
  close(): Promise<void>
}

/** Stands before any server, to lose its answers and connections. */
export const startTcpProxy = async (target: number): Promise<TcpProxy> => {
  const sockets: Sockets = new Set()
  const proxy: { lose: TcpProxy['lose'] } = { lose: null }
  const server = createServer(client => {
    const upstream = connect(target, '127.0.0.1')
    const end = joined(sockets, client, upstream)
    let lost = false
    client.on('data', bytes => {
      upstream.write(bytes)
      if (!lost && proxy.lose?.(bytes)) lost = true
    })
    upstream.on('data', bytes => {
      if (lost) end()
      else client.write(bytes)
    })
  })
  const port = await listening(server)
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return Object.assign(proxy, { port, cut, close: () => closing(server, sockets) })
}
