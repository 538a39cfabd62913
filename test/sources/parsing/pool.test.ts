import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { type ParserPool, type ParserPoolOptions, parserPool } from '../../../src/sources/parsing/pool.ts'
import { gone, runs, treeOf } from '../../kit/process-tree.ts'
import { temporaryFolder } from '../../kit/temporary-folder.ts'
import { until } from '../../kit/until.ts'
import type { parsers } from './wild-parsers.ts'

type Wild = typeof parsers
const MiB = 1024 * 1024
const table = new URL('./wild-parsers.ts', import.meta.url)
const forever = new AbortController().signal
const limits = { children: 3, timeoutMs: 2000, memoryBytes: 256 * MiB }
const opened: ParserPool<Wild>[] = []

const poolOf = (options: Partial<ParserPoolOptions> = {}): ParserPool<Wild> => {
  const pool = parserPool<Wild>({ ...limits, table, ...options })
  opened.push(pool)
  return pool
}
const parse = <N extends keyof Wild>(
  pool: ParserPool<Wild>,
  parser: N,
  input: Parameters<Wild[N]>[0],
  { asker = 'job', signal = forever } = {},
) => pool.parse(parser, input, { of: `/docs/${input}`, asker, signal })
const childrenHere = () => treeOf(process.pid).filter(pid => isChild(pid))
const isChild = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('wild-parsers')
  } catch {
    return false
  }
}
const memoryPeak = (pid: number) => {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(pool => pool.close()))
  expect(childrenHere()).toEqual([])
})

describe('a parser that goes wrong costs its own input', () => {
  test('an endless loop is killed when its time is over, and those sent with it are parsed', async () => {
    const pool = poolOf({ timeoutMs: 1000 })
    const inputs = ['before', 'loop', 'after', 'last']
    const done = await Promise.allSettled(inputs.map(input => parse(pool, 'loop', input)))
    expect(done.map(one => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual([
      ...['before', 'parser_timeout', 'after', 'last'],
    ])
    expect(done[1]).toMatchObject({
      reason: { name: 'Reject', message: expect.stringMatching(/^\/docs\/loop .* 1 s, .*PENSTOCK_PARSER_TIMEOUT_MS/) },
    })
  })

  test('one that waits for what never comes is killed as well', async () => {
    await expect(parse(poolOf({ timeoutMs: 500 }), 'wait', '')).rejects.toMatchObject({ code: 'parser_timeout' })
  })

  test('one that says it is further has its time anew, but not without end', async () => {
    const pool = poolOf({ timeoutMs: 500 })
    expect(await parse(pool, 'steps', { times: 4, ms: 200 })).toBe(4)
    await expect(parse(pool, 'steps', { times: 1_000_000, ms: 1 })).rejects.toMatchObject({ code: 'parser_timeout' })
  })

  test.each(['heap', 'buffers'] as const)('a flood of memory (%s) is ended near the cap', async flood => {
    const pool = poolOf({ timeoutMs: 25_000 })
    const parsing = parse(pool, flood, '')
    const peaks = new Map<number, number>()
    let over = false
    const looking = until(
      'the parser has ended',
      () => {
        for (const pid of childrenHere()) peaks.set(pid, Math.max(memoryPeak(pid), peaks.get(pid) ?? 0))
        return over
      },
      30_000,
    )
    await expect(parsing.finally(() => (over = true))).rejects.toMatchObject({
      name: 'Reject',
      code: 'parser_out_of_memory',
      message: expect.stringMatching(/256 MiB .*PENSTOCK_PARSER_MEMORY_MB/),
    })
    await looking
    const peak = Math.max(...peaks.values())
    expect(peak).toBeGreaterThan(100 * MiB)
    expect(peak).toBeLessThan(limits.memoryBytes + 128 * MiB)
  })

  test('a native abort is contained, and those sent with it are parsed', async () => {
    const pool = poolOf()
    const done = await Promise.allSettled(['one', 'abort', 'two'].map(input => parse(pool, 'abort', input)))
    expect(done).toMatchObject([
      { value: 'one' },
      { reason: { name: 'Reject', code: 'parser_died', message: expect.stringContaining('SIGABRT') } },
      { value: 'two' },
    ])
  })

  test('so is an exit', async () => {
    await expect(parse(poolOf(), 'exit', '')).rejects.toMatchObject({
      code: 'parser_died',
      message: expect.stringContaining('code 7'),
    })
  })

  test('one that throws, or refuses, costs no child', async () => {
    const pool = poolOf()
    const pid = await parse(pool, 'pid', '')
    await expect(parse(pool, 'throws', 'a.pdf')).rejects.toMatchObject({
      ...{ name: 'Reject', code: 'parser_failed', message: '/docs/a.pdf cannot be read: too deep.' },
    })
    await expect(parse(pool, 'refuses', '')).rejects.toMatchObject({ name: 'Reject', code: 'encrypted' })
    expect(await parse(pool, 'pid', '')).toBe(pid)
  })

  test('an output may have some MiB, and one that is too large is rejected', async () => {
    const pool = poolOf({ memoryBytes: 512 * MiB, timeoutMs: 20_000 })
    const output = await parse(pool, 'large', `${30 * MiB}`)
    expect([output.length, output[0], output.at(-1)]).toEqual([30 * MiB, 7, 7])
    await expect(parse(pool, 'large', `${65 * MiB}`)).rejects.toMatchObject({ code: 'parser_output_too_large' })
  })
})

describe('children', () => {
  test('take bytes as well as text', async () => {
    expect(await parse(poolOf(), 'bytes', Buffer.alloc(5 * MiB, 2))).toBe(10 * MiB)
  })

  test('are kept for the next input, and end after so many', async () => {
    const pool = poolOf({ inputsOfChild: 2 })
    const counts = []
    for (let i = 0; i < 5; i++) counts.push(await parse(pool, 'count', ''))
    expect(counts).toEqual([1, 2, 1, 2, 1])
  })

  test('end when there is nothing to do', async () => {
    const pid = await parse(poolOf({ idleMs: 10 }), 'pid', '')
    await gone([pid])
  })

  test('see nothing of their parent: no environment, no file, no process, no thread', async () => {
    process.env.OPENAI_API_KEY ??= 'secret'
    const { environment, ...rest } = await parse(poolOf(), 'world', '')
    expect(environment.filter(name => !name.startsWith('NODE_CHANNEL'))).toEqual([])
    const denied = 'ERR_ACCESS_DENIED'
    expect(rest).toEqual({ file: denied, process: denied, thread: denied })
  })

  test('start where the packages are only linked to', async () => {
    const { folder, remove } = temporaryFolder('linked')
    const checkout = fileURLToPath(new URL('../../..', import.meta.url))
    for (const part of ['src', 'package.json']) cpSync(join(checkout, part), join(folder, part), { recursive: true })
    symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(
      join(folder, 'parse.ts'),
      `import { parserPool } from './src/sources/parsing/pool.ts'
       const pool = parserPool({ children: 1, timeoutMs: 20_000, memoryBytes: 2 ** 28 })
       const order = { of: 'a', asker: 'a', signal: new AbortController().signal }
       console.log((await pool.parse('front_matter', 'title: Gates', order)).title)`,
    )
    const run = promisify(execFile)(process.execPath, [join(folder, 'parse.ts')]).finally(remove)
    expect((await run).stdout).toBe('Gates\n')
  })

  test('are at most so many, and one asker leaves one of them to others', async () => {
    const pool = poolOf({ timeoutMs: 20_000 })
    const controller = new AbortController()
    const hanging = Promise.allSettled(
      Array.from({ length: 40 }, () => parse(pool, 'loop', 'loop', { asker: 'greedy', signal: controller.signal })),
    )
    await until('the greedy one has two', () => childrenHere().length === 2)
    expect(await parse(pool, 'echo', 'other', { asker: 'modest' })).toBe('other')
    expect(childrenHere().length).toBe(3)
    controller.abort(new Error('held'))
    for (const one of await hanging) expect(one).toMatchObject({ reason: { message: 'held' } })
  })

  test('that cannot be started are no fault of the input', async () => {
    const pool = poolOf({ table: new URL('./no-parsers.ts', import.meta.url) })
    await expect(parse(pool, 'echo', '')).rejects.toMatchObject({
      name: 'Error',
      code: 'parser_unavailable',
      message: expect.stringContaining('no-parsers.ts'),
    })
  })
})

describe('the end of a parse', () => {
  test('comes at once when it is no longer wanted, with that of its child', async () => {
    const pool = poolOf({ timeoutMs: 60_000 })
    const pid = await parse(pool, 'pid', '')
    const controller = new AbortController()
    const parsing = parse(pool, 'loop', 'loop', { signal: controller.signal })
    const beside = parse(pool, 'echo', 'beside', { asker: 'other' })
    expect(await beside).toBe('beside')
    controller.abort(new Error('held'))
    await expect(parsing).rejects.toThrow('held')
    await gone([pid])
    await expect(parse(pool, 'echo', '', { signal: controller.signal })).rejects.toThrow('held')
    expect(await parse(pool, 'echo', 'next')).toBe('next')
  })

  test('comes with that of the parent, however that ended, also in an endless loop', async () => {
    const parent = spawn(process.execPath, [fileURLToPath(new URL('./orphans.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data')
    const { looping, idle } = JSON.parse(String(line)) as { looping: number; idle: number }
    expect([runs(looping), runs(idle), looping === idle]).toEqual([true, true, false])
    parent.kill('SIGKILL')
    await gone([looping, idle])
  })

  test('a pool that is closed leaves no child, and takes nothing more', async () => {
    const pool = poolOf({ timeoutMs: 60_000 })
    const pid = await parse(pool, 'pid', '')
    const parsing = expect(parse(pool, 'loop', 'loop')).rejects.toThrow('closed')
    await pool.close()
    await parsing
    expect(runs(pid)).toBe(false)
    await expect(parse(pool, 'echo', '')).rejects.toThrow('closed')
  })
})
