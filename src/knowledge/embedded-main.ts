/**
 * The child process of the embedded database: `node embedded-main.ts FOLDER PORT`. Sends `{port}` to its parent when
 * clients may come. Closes the database and ends on SIGTERM, and when its parent is gone, however that ended.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { lockFolder } from '../supervisor/folder-lock.ts'
import { serveWire, type WireServer } from './embedded-wire.ts'

const idleInTransactionMs = 5_000

const [folder, port] = process.argv.slice(2)
if (folder === undefined || port === undefined) throw new Error('Usage: embedded-main.ts FOLDER PORT')

const say = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`)

// Two of these on one folder would destroy it, so the folder is locked here too, below the lock of `up`.
const postgres = join(folder, 'postgres')
mkdirSync(postgres, { recursive: true })
const lock = lockFolder(folder)
const db = await PGlite.create({ dataDir: postgres, extensions: { vector } })
await db.exec(`set penstock.embedded = 'on'; set time zone 'UTC'`)

let server: WireServer | null = null
let stopping = false
const stop = async () => {
  if (stopping) return
  stopping = true
  await server?.stop()
  await db.close()
  lock.release()
  process.exit(0)
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
process.on('disconnect', stop)

server = await serveWire(
  {
    db,
    idleInTransactionMs,
    idled: () => say('ended a client that left a transaction open without work'),
    failed(error) {
      say(`the database broke and has to start again: ${error instanceof Error ? error.stack : String(error)}`)
      process.exit(1)
    },
  },
  Number(port),
)
say(`ready on port ${server.port}`)
process.send?.({ port: server.port })
if (!process.connected && process.send) await stop()
