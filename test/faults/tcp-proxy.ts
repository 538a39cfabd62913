import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

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
  const sockets = new Set<Socket>()
  const proxy: { lose: TcpProxy['lose'] } = { lose: null }
  const server = createServer(client => {
    const upstream = connect(target, '127.0.0.1')
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      socket.setNoDelay()
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
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
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return Object.assign(proxy, {
    port: address.port,
    cut,
    async close() {
      server.close()
      cut()
      await once(server, 'close')
    },
  })
}
