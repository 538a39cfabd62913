import { type Connection, ConnectionClass } from '../internals.ts'

const sizeBytes = 4

/**
 * KafkaJS 2.2.4 opens a socket for each caller that finds a connection down, and all of them feed one buffer. It also
 * keeps the torn end of a response of the socket before. Here callers share one attempt, which starts clean.
 */
const connectOnce = (connect: Connection['connect']): Connection['connect'] => {
  const attempts = new WeakMap<Connection, Promise<boolean>>()
  return function (this: Connection) {
    const known = attempts.get(this)
    if (known) return known
    if (!this.isConnected()) {
      this.chunks = []
      this.bytesBuffered = 0
      this.bytesNeeded = sizeBytes
    }
    const attempt = connect.call(this).finally(() => attempts.delete(this))
    attempts.set(this, attempt)
    return attempt
  }
}

/**
 * KafkaJS 2.2.4 goes on listening to a socket that it has given up: late data and errors of it would be taken for
 * those of its successor.
 */
const disconnectWhole = (disconnect: Connection['disconnect']): Connection['disconnect'] =>
  async function (this: Connection) {
    const { socket } = this
    const done = await disconnect.call(this)
    for (const event of ['data', 'end', 'error', 'timeout']) socket?.removeAllListeners(event)
    socket?.on('error', () => socket.destroy())
    socket?.destroy()
    if (this.socket === socket) this.socket = undefined
    return done
  }

export const patchConnection = (): void => {
  const connection = ConnectionClass.prototype
  connection.connect = connectOnce(connection.connect)
  connection.disconnect = disconnectWhole(connection.disconnect)
}
