import net from 'node:net'
import tls from 'node:tls'

export type SocketFactory = (options: {
  readonly host: string
  readonly port: number
  readonly ssl?: tls.ConnectionOptions
  readonly onConnect: () => void
}) => net.Socket

/** KafkaJS's own leaves Nagle's algorithm on, which costs a transaction a delayed acknowledgement per round trip. */
export const socketFactory: SocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? tls.connect({ host, port, ...(net.isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : net.connect({ host, port }, onConnect)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  return socket
}

/** The sockets of one cluster object: KafkaJS may still be making a connection while it is told to disconnect. */
export class Sockets {
  readonly #open = new Set<net.Socket>()
  #closed = false

  readonly open: SocketFactory = options => {
    const socket = socketFactory(options)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    if (this.#closed) socket.destroy()
    return socket
  }

  /** Ends those that are open, and from now on each at once. */
  close(): void {
    this.#closed = true
    for (const socket of this.#open) socket.destroy()
  }
}
