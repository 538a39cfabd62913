import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Access } from '../../src/api/doors/access.ts'
import { createServer } from '../../src/api/server.ts'
import type { FakePorts } from '../api/fake-ports.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const entry = fileURLToPath(new URL('penstock.ts', import.meta.url))

/** Starts `penstock ARGS` as a process of its own. */
export const start = (url: string, args: readonly string[], cwd?: string): ChildProcess =>
  spawn(process.execPath, [entry, ...args], { env: { ...process.env, PENSTOCK_URL: url }, cwd, stdio: 'pipe' })

/** What a process printed and how it ended. */
export const ended = async (child: ChildProcess): Promise<Ended> => {
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')])
  return { code: code as number | null, stdout, stderr }
}

/** Runs `penstock ARGS` against a server that has these ports. */
export const penstock = (ports: FakePorts, ...args: readonly string[]): Promise<Ended> =>
  withServer(ports, url => ended(start(url, args)))

export const withServer = async <T>(
  ports: FakePorts,
  use: (url: string) => Promise<T>,
  access?: Access,
): Promise<T> => {
  const app = createServer(ports, access)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  try {
    return await use(url)
  } finally {
    await app.close()
  }
}
