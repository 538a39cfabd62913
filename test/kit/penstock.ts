import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

export const main = resolve(import.meta.dirname, '../../src/main.ts')

/** A process of `penstock ARGS`. */
export interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly closed: Promise<unknown>
}
export const runPenstock = (args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Run => {
  const child = spawn(process.execPath, [main, ...args], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (text: Buffer) => (output += text.toString()))
  return { child, output: () => output, closed: once(child, 'close') }
}
/** How it ended: an exit code, or the signal that it died of. */
export const ended = async ({ child, output, closed }: Run) => {
  await closed
  return { code: child.exitCode ?? child.signalCode, output: output() }
}
