import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { ended } from './run.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const pinned = process.execPath

/** A Node of the machine that is not the pinned one, or null. */
const ownNode = ((): string | null => {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const program = join(folder, 'node')
    if (folder.includes('node_modules') || !isProgram(program)) continue
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
    if (version !== process.version && Number(version.slice(1).split('.')[0]) >= 20) return program
  }
  return null
})()

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A main that tells where it runs, waits for a signal if asked to, and ends as asked. */
const main = `
const [verb, value]: string[] = process.argv.slice(2)
if (verb === 'exit') process.exitCode = Number(value)
if (verb === 'wait') {
  const alive = setInterval(() => undefined, 1000)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      console.log(signal)
      clearInterval(alive)
      process.exitCode = 7
    })
}
console.log(JSON.stringify({ version: process.version, args: process.argv.slice(2), main: process.argv[1], pid: process.pid }))
if (verb === 'die') process.kill(process.pid, value)
`

const { folder, remove } = temporaryFolder('launcher')
beforeAll(() => {
  for (const name of ['bin', 'src']) mkdirSync(join(folder, name))
  copyFileSync(join(checkout, 'bin', 'penstock.js'), join(folder, 'bin', 'penstock.js'))
  copyFileSync(join(checkout, 'package.json'), join(folder, 'package.json'))
  writeFileSync(join(folder, 'src', 'main.ts'), main)
  symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
})
afterAll(remove)

const waiting = new Set<number>()
afterEach(() => {
  for (const pid of waiting) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  waiting.clear()
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const launch = (node: string, args: readonly string[], root = folder): ChildProcess =>
  spawn(node, [join(root, 'bin', 'penstock.js'), ...args], { cwd: tmpdir(), stdio: 'pipe' })
const told = (stdout: string) => JSON.parse(stdout.split('\n')[0] ?? '')

describe.each([
  ['the pinned Node', pinned],
  ["the machine's own Node", ownNode],
])('the launcher on %s', (_, node) => {
  it.skipIf(node === null)('runs the command on the pinned Node, with its arguments', async () => {
    const { code, stdout } = await ended(launch(node!, ['search', 'a b', '--json', '']))
    expect(told(stdout)).toMatchObject({ version: process.version, args: ['search', 'a b', '--json', ''] })
    expect(told(stdout).main).toMatch(/src\/main\.ts$/)
    expect(code).toBe(0)
  })

  it.skipIf(node === null)('gives its exit code back', async () => {
    expect((await ended(launch(node!, ['exit', '3']))).code).toBe(3)
  })

  it.skipIf(node === null)('dies of the signal that the command died of', async () => {
    const child = launch(node!, ['die', 'SIGKILL'])
    const [code, signal] = await once(child, 'exit')
    expect([code, signal]).toEqual([null, 'SIGKILL'])
  })

  it.skipIf(node === null).each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('hands %s on', async signal => {
    const child = launch(node!, ['wait'])
    const end = ended(child)
    const [line] = await once(child.stdout!, 'data')
    waiting.add(told(String(line)).pid)
    child.kill(signal)
    const { code, stdout } = await end
    expect(stdout.trim().split('\n').slice(1)).toEqual([signal])
    expect(code).toBe(7)
  })
})

describe('the launcher', () => {
  it('says what to do where nothing is installed yet', async () => {
    const { folder: bare, remove } = temporaryFolder('bare')
    try {
      mkdirSync(join(bare, 'bin'))
      copyFileSync(join(checkout, 'bin', 'penstock.js'), join(bare, 'bin', 'penstock.js'))
      writeFileSync(join(bare, 'package.json'), '{"type": "module"}')
      const { code, stderr } = await ended(launch(pinned, ['status'], bare))
      expect(code).toBe(1)
      expect(stderr).toMatch(/^error: Penstock is not installed yet\. Run `npm install` in .*, then try again\.\n$/)
    } finally {
      remove()
    }
  })
})
