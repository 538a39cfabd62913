import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { choosePort, freePort, isFree } from '../../src/supervisor/ports.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

let temporary: ReturnType<typeof temporaryFolder>
let file: string
beforeEach(() => {
  temporary = temporaryFolder('ports')
  file = join(temporary.folder, 'port')
})
afterEach(() => temporary.remove())

const listening = async (port: number) => {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

test('the port of the first start is the port of the next', async () => {
  const port = await choosePort(file)
  expect(await isFree(port)).toBe(true)
  expect(await choosePort(file)).toBe(port)
})

test('a remembered port that something else listens on is replaced, and the new one remembered', async () => {
  const port = await choosePort(file)
  await using _ = await listening(port)
  const other = await choosePort(file)
  expect(other).not.toBe(port)
  expect(await choosePort(file)).toBe(other)
})

test('a port that is given is used and remembered', async () => {
  const given = await freePort()
  expect(await choosePort(file, given)).toBe(given)
  expect(readFileSync(file, 'utf8')).toBe(`${given}\n`)
  expect(await choosePort(file, 0)).toBe(given)
})

test('a port that is given but in use is refused by the name of its setting', async () => {
  const given = await freePort()
  await using _ = await listening(given)
  await expect(choosePort(file, given, 'PENSTOCK_KAFKA_PORT')).rejects.toMatchObject({
    code: 'port_in_use',
    message: expect.stringContaining(`Port ${given} is in use. Set PENSTOCK_KAFKA_PORT`),
  })
})

test('ports are not among those that outgoing connections get', async () => {
  for (let i = 0; i < 20; i++) expect(await freePort()).toBeLessThan(32_768)
})
