import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'

/** The connections that a proxy has. */
export type Sockets = Set<Socket>

/** Makes two ends one connection: when one closes or fails, both end. Returns what ends them. */
export const joined = (sockets: Sockets, client: Socket, upstream: Socket): (() => void) => {
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
  return end
}

/** Listens on loopback and tells the port; 0 takes any. */
export const listening = async (server: Server, port = 0): Promise<number> => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Ends the server with all its connections. */
export const closing = async (server: Server, sockets: Iterable<Socket>): Promise<void> => {
  server.close()
  for (const socket of sockets) socket.destroy()
  await once(server, 'close')
}
