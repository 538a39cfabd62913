import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readyMessage } from '../../src/supervisor/parent-channel.ts'
import { identityOf } from '../../src/supervisor/process-identity.ts'
import { type ChildProcessSpec, spawnChild } from '../../src/supervisor/spawn-child.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

let temporary: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  temporary = temporaryFolder('child')
})
afterEach(() => temporary.remove())

const channel = join(import.meta.dirname, '../../src/supervisor/parent-channel.ts')
const spec = (script: string, more: Partial<ChildProcessSpec> = {}): ChildProcessSpec => ({
  name: 'The child',
  command: process.execPath,
  args: [
    '--input-type=module',
    '-e',
    `import { tellParentReady, parentGone } from ${JSON.stringify(channel)}; ${script}`,
  ],
  logFile: join(temporary.folder, 'log'),
  pidFile: join(temporary.folder, 'pid'),
  ipc: true,
  ready: readyMessage,
  readyWithinMs: 20_000,
  stopWithinMs: 5000,
  ...more,
})
const notedPid = () => Number(readFileSync(join(temporary.folder, 'pid'), 'utf8').split(' ')[0])

test('a child is up when it says it is ready, noted while it runs, and gone when it was stopped', async () => {
  const child = await spawnChild(spec('tellParentReady(); parentGone()'))
  expect(notedPid()).toBe(child.pid)
  expect(identityOf(child.pid)).not.toBeNull()
  await child.stop()
  expect(identityOf(child.pid)).toBeNull()
  expect(await child.ended).toBeNull()
  expect(await child.outcome).toBe('SIGTERM')
  expect(existsSync(join(temporary.folder, 'pid'))).toBe(false)
  await child.stop()
})

test('a child that ignores SIGTERM is killed', async () => {
  const script = `process.on('SIGTERM', () => undefined); tellParentReady(); setInterval(() => undefined, 1000)`
  const child = await spawnChild(spec(script, { stopWithinMs: 100 }))
  await child.stop()
  expect(await child.outcome).toBe('SIGKILL')
})

test('a child that dies while it starts is an error with the end of its log', async () => {
  const start = spawnChild(spec(`console.error('the disk is full'); process.exit(3)`))
  await expect(start).rejects.toThrow(/^The child ended \(code 3\)[\s\S]*the disk is full/)
  expect(existsSync(join(temporary.folder, 'pid'))).toBe(false)
})

test('a child that is not ready in time is ended, and the error has the end of its log', async () => {
  const script = `console.error('waiting for the moon'); setInterval(() => undefined, 1000)`
  let pid = 0
  const start = spawnChild(
    spec(script, {
      readyWithinMs: 1000,
      ready: (child, signal) => {
        pid = child.pid!
        return readyMessage(child, signal)
      },
    }),
  )
  await expect(start).rejects.toThrow(/not ready within 1 s[\s\S]*waiting for the moon/)
  expect(identityOf(pid)).toBeNull()
})

test('a start that is given up leaves nothing running', async () => {
  const given = new AbortController()
  let pid = 0
  const start = spawnChild(
    spec('setInterval(() => undefined, 1000)', {
      signal: given.signal,
      ready: (child, signal) => {
        pid = child.pid!
        given.abort(new Error('Ctrl-C'))
        return readyMessage(child, signal)
      },
    }),
  )
  await expect(start).rejects.toThrow('Ctrl-C')
  expect(identityOf(pid)).toBeNull()
})

test('a program that is not there is an error that says so', async () => {
  const start = spawnChild(spec('', { command: '/nowhere/program' }))
  await expect(start).rejects.toThrow(/could not be started: .*ENOENT/)
})

test('a child that ends unasked says how', async () => {
  const child = await spawnChild(spec('tellParentReady(); parentGone()'))
  process.kill(child.pid, 'SIGKILL')
  expect((await child.ended)?.message).toContain('The child ended (SIGKILL)')
})

test('what an earlier start left running under the same note is ended first', async () => {
  const left = await spawnChild(spec('tellParentReady(); parentGone()'))
  const next = await spawnChild(spec('tellParentReady(); parentGone()'))
  expect(identityOf(left.pid)).toBeNull()
  expect(identityOf(next.pid)).not.toBeNull()
  await next.stop()
})
