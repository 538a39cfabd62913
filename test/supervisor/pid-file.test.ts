import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endLeftover, writePidFile } from '../../src/supervisor/pid-file.ts'
import { identityOf } from '../../src/supervisor/process-identity.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

let temporary: ReturnType<typeof temporaryFolder>
let file: string
const children: ChildProcess[] = []
beforeEach(() => {
  temporary = temporaryFolder('pid')
  file = join(temporary.folder, 'pid')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  temporary.remove()
})

const run = async (script: string) => {
  const child = spawn(process.execPath, ['-e', `${script}; console.log('up'); setInterval(() => undefined, 1000)`])
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

test('a process that an earlier start left behind is ended', async () => {
  const child = await run('')
  const exit = once(child, 'exit')
  writePidFile(file, child.pid!)
  expect(await endLeftover(file, 5000)).toBe(true)
  expect(await exit).toEqual([null, 'SIGTERM'])
  expect(existsSync(file)).toBe(false)
})

test('one that ignores SIGTERM is killed', async () => {
  const child = await run(`process.on('SIGTERM', () => undefined)`)
  const exit = once(child, 'exit')
  writePidFile(file, child.pid!)
  expect(await endLeftover(file, 100)).toBe(true)
  expect(await exit).toEqual([null, 'SIGKILL'])
})

test('a process that merely has the id now is left alone', async () => {
  const child = await run('')
  writePidFile(file, child.pid!)
  const [pid, started, ...rest] = readFileSync(file, 'utf8').split(' ')
  writeFileSync(file, [pid, Number(started) - 1, ...rest].join(' '))
  expect(await endLeftover(file, 5000)).toBe(false)
  expect(identityOf(child.pid!)).not.toBeNull()
  expect(child.signalCode).toBeNull()
  expect(existsSync(file)).toBe(false)
})

test('a note of a process that is gone, half a note and no note are nothing to end', async () => {
  const child = await run('')
  writePidFile(file, child.pid!)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await endLeftover(file, 5000)).toBe(false)
  writeFileSync(file, '')
  expect(await endLeftover(file, 5000)).toBe(false)
  expect(await endLeftover(file, 5000)).toBe(false)
})
