/**
 * The child process of the embedded database: `node embedded-main.ts FOLDER PORT`. Says `{"port": n}` on standard
 * output when clients may come. Ends, with the database closed, when standard input does: that is how its parent stops
 * it, and what is left of a parent that died. Signals of a terminal are the parent's to act on.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { serveWire, type WireServer } from './embedded-wire.ts'
import { lockFolder } from './folder-lock.ts'
import { readPort, rememberPort } from './remembered-port.ts'

/** An earlier process on this folder may still be closing its database. */
const lockWaitMs = 20_000
const idleInTransactionMs = 5_000

const [folder, given] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: embedded-main.ts FOLDER [PORT]')

const say = (line: Readonly<Record<string, unknown>>) => process.stdout.write(`${JSON.stringify(line)}\n`)

mkdirSync(folder, { recursive: true })
lockFolder(folder, lockWaitMs)
const db = await PGlite.create({ dataDir: join(folder, 'postgres'), extensions: { vector } })
await db.exec(`set penstock.embedded = 'on'; set time zone 'UTC'`)

let server: WireServer | null = null
let stopping = false
const stop = async () => {
  if (stopping) return
  stopping = true
  await server?.stop()
  await db.close()
  process.exit(0)
}

for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.on('SIGTERM', stop)
process.stdin.on('end', stop).on('error', stop).resume()

const serve = (port: number) =>
  serveWire(
    {
      db,
      idleInTransactionMs,
      idled: () => say({ warning: 'ended a client that left a transaction open without work' }),
      failed(error) {
        say({ error: `The embedded database broke and starts again: ${String(error)}` })
        process.exit(1)
      },
    },
    port,
  )

const wanted = given === undefined ? readPort(folder) : Number(given)
server = await serve(wanted).catch(error => {
  // A remembered port that another program has taken meanwhile is no reason to fail; one that was asked for is.
  if (given === undefined && wanted !== 0) return serve(0)
  throw error
})
rememberPort(folder, server.port)
say({ port: server.port })
