import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'

/**
 * Below what systems hand out to outgoing connections: a port from there could be taken by a client while its server
 * restarts, even by one that tries to reach that very server.
 */
const lowest = 20_000
const highest = 32_000

/**
 * The port to listen on: the one given, else the one remembered in `file` if nothing listens there, else a free one.
 * It is remembered for the next start. With the name of the `setting` that gives it, throws PortInUse where something
 * listens on the one given.
 */
export const choosePort = async (file: string, given = 0, setting?: string): Promise<number> => {
  if (given > 0 && setting !== undefined && !(await isFree(given))) throw new PortInUse(given, setting)
  const remembered = given > 0 ? given : readPort(file)
  const port = given > 0 || (remembered > 0 && (await isFree(remembered))) ? remembered : await freePort()
  writeFileSync(file, `${port}\n`)
  return port
}

/** A port that nothing listens on at this moment, on loopback. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < 100; tries++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (await isFree(port)) return port
  }
  throw new Error(`No free port was found between ${lowest} and ${highest}.`)
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES'))
      return false
    throw error
  }
  server.close()
  await once(server, 'close')
  return true
}

const readPort = (file: string): number => {
  try {
    const port = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}

/** Something else listens on a port that was asked for. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse'
  readonly code = 'port_in_use'
  constructor(port: number, setting: string) {
    super(`Port ${port} is in use. Set ${setting} to another, or to 0 for a free one, or stop what listens there.`)
  }
}
