import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type EmbeddedDatabase, startDatabase } from '../../src/knowledge/embedded.ts'
import { identityOf } from '../../src/supervisor/process-identity.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { until } from '../kit/until.ts'

let shared: EmbeddedDatabase
const clients: pg.Client[] = []
/** Undone after the test, or after all, the latest first. */
const undo: (() => Promise<unknown>)[] = []
const undoAll: (() => Promise<unknown>)[] = []
const runBackwards = async (steps: (() => Promise<unknown>)[]) => {
  for (const step of steps.splice(0).reverse()) await step()
}

beforeAll(async () => {
  const { folder, remove } = temporaryFolder('database')
  undoAll.push(async () => remove())
  shared = await startDatabase({ dataDir: folder })
  undoAll.push(shared.stop)
  sharedFolder = folder
})
let sharedFolder: string
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.end()))
  await runBackwards(undo)
})
afterAll(() => runBackwards(undoAll))

/** A folder of this test alone. */
const newFolder = () => {
  const { folder, remove } = temporaryFolder('database')
  undo.push(async () => remove())
  return folder
}
const start = async (dataDir: string) => {
  const running = await startDatabase({ dataDir })
  undo.push(running.stop)
  return running
}
/** A client whose connection may break: `broke` is then its error. */
const connect = async (url: string) => {
  const client = new pg.Client({ connectionString: url })
  const broke = new Promise<Error>(resolve => client.once('error', resolve))
  client.on('error', () => undefined)
  await client.connect()
  clients.push(client)
  return { client, broke }
}

test('clients with large and small statements at once get their own answers', async () => {
  const { url } = shared
  const pool = new pg.Pool({ connectionString: url, max: 8 })
  const large = 'x'.repeat(400_000)
  const ask = async (k: number) => {
    for (let i = 0; i < 60; i++) {
      if (k % 2 === 0) {
        const { rows } = await pool.query('select length($1::text) + $2::int as answer', [large, i])
        expect(rows).toEqual([{ answer: 400_000 + i }])
      } else {
        const { rows } = await pool.query('select $1::text as answer', [`${k}/${i}`])
        expect(rows).toEqual([{ answer: `${k}/${i}` }])
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, k) => ask(k)))
  await pool.end()
})

test('transactions of several clients are isolated, with their rollbacks', async () => {
  const { url } = shared
  const pool = new pg.Pool({ connectionString: url, max: 8 })
  await pool.query('create table account (balance int); insert into account values (0)')
  const add = async (i: number) => {
    const client = await pool.connect()
    await client.query('begin')
    const { rows } = await client.query('select balance from account')
    await client.query('update account set balance = $1', [rows[0].balance + 1])
    await client.query(i % 3 === 0 ? 'rollback' : 'commit')
    client.release()
  }
  await Promise.all(Array.from({ length: 60 }, (_, i) => add(i)))
  expect((await pool.query('select balance from account')).rows).toEqual([{ balance: 40 }])
  await pool.end()
})

test('a failed statement leaves its client and all others in order', async () => {
  const { url } = shared
  const [one, two] = [(await connect(url)).client, (await connect(url)).client]
  await expect(one.query('select 1/$1::int', [0])).rejects.toThrow('division by zero')
  await expect(one.query('select from nowhere')).rejects.toThrow('nowhere')
  await expect(one.query('copy pg_class to stdout')).rejects.toThrow('use INSERT')
  await one.query('begin')
  await expect(one.query('select $1::int', ['x'])).rejects.toThrow('invalid input')
  await expect(one.query('select 1')).rejects.toThrow('current transaction is aborted')
  await one.query('rollback')
  expect((await two.query('select 2 as two')).rows).toEqual([{ two: 2 }])
})

test('a client that breaks off in its transaction is rolled back at once', async () => {
  const { url } = shared
  const [one, two] = [(await connect(url)).client, (await connect(url)).client]
  await two.query('create table broken_off (i int)')
  await one.query('begin')
  await one.query('insert into broken_off values (1)')
  const { stream } = (one as unknown as { connection: { stream: Socket } }).connection
  stream.destroy()
  const started = performance.now()
  expect((await two.query('select * from broken_off')).rows).toEqual([])
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('a client that sleeps in its transaction is ended after five seconds, and others go on', async () => {
  const { url } = shared
  const sleeper = await connect(url)
  const other = (await connect(url)).client
  await other.query('create table kept (i int)')
  await sleeper.client.query('begin')
  await sleeper.client.query('insert into kept values (1)')
  const started = performance.now()
  expect((await other.query('select * from kept')).rows).toEqual([])
  expect(performance.now() - started).toBeGreaterThan(4_000)
  expect(await sleeper.broke).toMatchObject({ code: '25P03' })
})

test('what was committed outlives kill -9, and the port stays', async () => {
  const folder = newFolder()
  const first = await start(folder)
  const { client, broke } = await connect(first.url)
  await client.query('create table kept (i int primary key)')
  let acknowledged = 0
  const load = (async () => {
    for (let i = 1; ; i++) {
      await client.query('insert into kept values ($1)', [i])
      acknowledged = i
      if (i === 200) process.kill(first.pid, 'SIGKILL')
    }
  })()
  await expect(load).rejects.toThrow()
  await broke
  expect(await first.ended).toMatchObject({ message: expect.stringContaining('SIGKILL') })

  const second = await start(folder)
  expect(second.url).toBe(first.url)
  const again = (await connect(second.url)).client
  const { rows } = await again.query('select count(*)::int as count, max(i) as last from kept')
  expect(rows[0].count).toBe(rows[0].last)
  expect(rows[0].last).toBeGreaterThanOrEqual(acknowledged)
  expect(acknowledged).toBeGreaterThanOrEqual(200)
})

test('a clean stop keeps everything and ends with clients still connected', async () => {
  const folder = newFolder()
  const first = await start(folder)
  const { client } = await connect(first.url)
  await client.query('create table kept as select 1 as i')
  await first.stop()
  expect(await first.ended).toBeNull()
  const again = (await connect((await start(folder)).url)).client
  expect((await again.query('select i from kept')).rows).toEqual([{ i: 1 }])
})

test('the process ends by itself when its parent is gone', async () => {
  const folder = newFolder()
  const script = `
    const { startDatabase } = await import(process.argv[1])
    const { pid } = await startDatabase({ dataDir: process.argv[2] })
    console.log(pid)
    setInterval(() => undefined, 1000)`
  const module = join(import.meta.dirname, '../../src/knowledge/embedded.ts')
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script, module, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(parent.stdout, 'data')
  const pid = Number(String(line))
  expect(identityOf(pid)).not.toBeNull()
  parent.kill('SIGKILL')
  await until('the orphan ends', () => identityOf(pid) === null)
})

test('a second process on the same folder is refused', async () => {
  const { pid } = shared
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../src/knowledge/embedded-main.ts'), sharedFolder, '0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const said: string[] = []
  child.stderr.on('data', data => said.push(String(data)))
  const [code] = await once(child, 'close')
  expect(code).not.toBe(0)
  expect(said.join('')).toContain('folder_in_use')
  expect(identityOf(pid)).not.toBeNull()
})
