/** Parsers that do what parsers of files of others can do. */
import { readFileSync } from 'node:fs'
import { Reject } from '../../../src/runtime/errors.ts'

const MiB = 1024 * 1024
let count = 0

const forever = (): never => {
  for (;;);
}
const given = (work: () => unknown): string => {
  try {
    return `gave ${JSON.stringify(work())}`
  } catch (error) {
    return (error as { code: string }).code
  }
}

export const parsers = {
  echo: (input: string) => input,
  bytes: (input: Uint8Array) => input.reduce((sum, byte) => sum + byte, 0),
  pid: (_: string) => process.pid,
  /** How many inputs this child has had from it. */
  count: (_: string) => ++count,
  loop: (input: string) => (input === 'loop' ? forever() : input),
  /** Waits for so long, so many times, and says each time that it is further. */
  steps: async ({ times, ms }: { times: number; ms: number }, further?: () => void) => {
    for (let i = 0; i < times; i++) {
      await new Promise(resolve => setTimeout(resolve, ms))
      further?.()
    }
    return times
  },
  wait: (_: string) => new Promise<string>(() => undefined),
  heap: (_: string) => {
    const kept: unknown[] = []
    for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })))
  },
  buffers: (_: string) => {
    const kept: Buffer[] = []
    for (;;) kept.push(Buffer.alloc(8 * MiB, 1))
  },
  abort: (input: string) => (input === 'abort' ? process.abort() : input),
  exit: (_: string) => process.exit(7),
  throws: (_: string) => {
    throw new RangeError('too deep')
  },
  refuses: (_: string) => {
    throw new Reject('encrypted', 'it is encrypted')
  },
  large: (size: string) => Buffer.alloc(Number(size), 7),
  world: (_: string) => ({
    environment: Object.keys(process.env),
    file: given(() => readFileSync('/etc/hostname')),
    process: given(() => process.getBuiltinModule('node:child_process').spawnSync('true').status),
    thread: given(() => new (process.getBuiltinModule('node:worker_threads').Worker)('', { eval: true }).threadId),
  }),
} as const
