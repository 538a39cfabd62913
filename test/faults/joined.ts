import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'

/** The connections that a proxy has. */
export type Sockets = Set<Socket>

/** Makes two ends one connection: when one closes or fails, both end, as long as they are not parted. */
export const joined = (sockets: Sockets, client: Socket, upstream: Socket) => {
  let parted = false
  const end = () => {
    client.destroy()
    upstream.destroy()
  }
  for (const socket of [client, upstream]) {
    socket.setNoDelay()
    sockets.add(socket)
    socket.on('error', () => (parted ? socket.destroy() : end()))
    socket.on('close', () => {
      sockets.delete(socket)
      if (!parted) end()
    })
  }
  return {
    end,
    /** What becomes of one is not told to the other any more. */
    part: () => {
      parted = true
    },
  }
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
