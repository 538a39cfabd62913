/**
 * What PGlite needs to serve several clients at once: it has one session, so whole exchanges are handed to it one at a
 * time, and a client keeps it for as long as its transaction is open. `pglite-socket` does this message by message,
 * which mixes the statements of two clients when one of them arrives in pieces; and it lets a client that sleeps in
 * its transaction block all others.
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'
import { createTurns } from './embedded-turns.ts'
import { errorResponse, readExchanges } from './wire-protocol.ts'

export interface WireOptions {
  readonly db: PGlite
  /** How long a client may do nothing while its transaction is open; then it is ended and rolled back. */
  readonly idleInTransactionMs: number
  /** The database broke (not a statement: its memory, its disk). Nothing is to be served after that. */
  failed(error: unknown): void
  /** A client was ended for sleeping in its transaction. */
  idled(): void
}

export interface WireServer {
  readonly port: number
  /** Ends every client, rolls back what is open, and returns when nothing runs any more. */
  stop(): Promise<void>
}

const message = (type: string, body: string): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + Buffer.byteLength(body), 1)
  return Buffer.concat([head, Buffer.from(body)])
}

/** Leaves whatever a client left half done: a Sync ends its exchange, and its transaction goes. */
const reset = Buffer.concat([message('S', ''), message('Q', 'rollback\0')])

/** Startup message of protocol 3.0: what PGlite's one session is opened with; those of clients never reach it. */
const startup = () => {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0client_encoding\0UTF8\0\0')
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + parameters.length, 0)
  head.writeInt32BE(0x00030000, 4)
  return Buffer.concat([head, parameters])
}

/** Serves the PostgreSQL protocol on loopback. Port 0 is any free one. Throws what `listen` does (EADDRINUSE). */
export const serveWire = async (options: WireOptions, port: number): Promise<WireServer> => {
  const { db, idleInTransactionMs } = options
  const turns = createTurns<Socket>()
  const clients = new Map<Socket, Promise<unknown>>()

  const run = async (bytes: Uint8Array, sink: (data: Buffer) => void) => {
    try {
      await db.execProtocolRawStream(new Uint8Array(bytes), { onRawData: data => sink(Buffer.from(data)) })
    } catch (error) {
      options.failed(error)
      throw error
    }
  }

  const greeting: Buffer[] = []
  await run(startup(), data => greeting.push(data))

  const serve = async (socket: Socket) => {
    let idle: NodeJS.Timeout | undefined
    const reply = (data: Uint8Array) => {
      if (socket.writable) socket.write(data)
    }
    const endIdle = () => {
      options.idled()
      const seconds = idleInTransactionMs / 1000
      reply(errorResponse('FATAL', '25P03', `A transaction was left open without work for ${seconds} s.`))
      socket.destroySoon()
    }
    try {
      for await (const exchange of readExchanges(socket)) {
        clearTimeout(idle)
        if (exchange.kind === 'answer') reply(exchange.bytes)
        else if (exchange.kind === 'startup') reply(Buffer.concat(greeting))
        else {
          await turns.take(socket)
          await run(exchange.bytes, reply)
          if (exchange.complete && !db.isInTransaction()) turns.release(socket)
          else idle = setTimeout(endIdle, idleInTransactionMs)
        }
      }
    } finally {
      clearTimeout(idle)
      socket.destroy()
      if (turns.holder() === socket) {
        await run(reset, () => undefined)
        turns.release(socket)
      }
    }
  }

  const server = createServer({ noDelay: true }, socket => {
    socket.once('close', () => turns.leave(socket))
    // A client that breaks off is no fault of ours; what breaks the database has been told to `failed`.
    const served = serve(socket).then(
      () => clients.delete(socket),
      () => clients.delete(socket),
    )
    clients.set(socket, served)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The embedded database has no port.')

  return {
    port: address.port,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of clients.keys()) socket.destroy()
      await Promise.all(clients.values())
      await closed
    },
  }
}
