/** A parent for a test to kill: says the ids of an idle child and of one in an endless loop. */
import { parserPool } from '../../../src/sources/parsing/pool.ts'
import type { parsers } from './wild-parsers.ts'

const table = new URL('./wild-parsers.ts', import.meta.url)
const pool = parserPool<typeof parsers>({ children: 2, timeoutMs: 600_000, memoryBytes: 2 ** 28, table })
const parse = (parser: 'pid' | 'loop', input: string) =>
  pool.parse(parser, input, { of: input, asker: input, signal: new AbortController().signal })

const looping = await parse('pid', '')
const endless = parse('loop', 'loop')
console.log(JSON.stringify({ looping, idle: await parse('pid', '') }))
await endless
