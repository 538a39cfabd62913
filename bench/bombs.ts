/**
 * Files that are made to harm their reader: what each is rejected as, the most memory that a child and this process had,
 * and how long the ordinary files of the same and of another source, which share the parsers, took with and without them.
 * Then a file that is swapped for a link out of the root and back while it is read. No broker, no database.
 *
 *   node bench/bombs.ts [--memory 512] [--timeout 20000] [--neighbours 40] [--swaps 5000]
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { rename, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { FileOpener } from '../src/sources/file-opener.ts'
import { FileRefusal } from '../src/sources/file-refusal.ts'
import { folderSource } from '../src/sources/folder-source.ts'
import { readLocalFile } from '../src/sources/local-files.ts'
import { type ParserPool, parserPool } from '../src/sources/parsing/pool.ts'
import { isSourceReject } from '../src/sources/source.ts'
import { treeOf } from '../test/kit/process-tree.ts'
import { docxOf, paragraph } from '../test/sources/parsing/zip-of.ts'
import { bombs } from './bombs-made.ts'

const { values } = parseArgs({
  options: {
    memory: { type: 'string', default: '512' },
    timeout: { type: 'string', default: '20000' },
    neighbours: { type: 'string', default: '40' },
    swaps: { type: 'string', default: '5000' },
    /** Only makes the files in this folder: in a process of its own, whose memory does not count. */
    make: { type: 'string' },
  },
})
const MiB = 1024 * 1024
const neighbours = Number(values.neighbours)

const peaks = { here: 0, child: 0 }
const peakOf = (pid: number): number => {
  try {
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}
const look = setInterval(() => {
  for (const pid of treeOf(process.pid))
    if (pid === process.pid) peaks.here = Math.max(peaks.here, peakOf(pid))
    else peaks.child = Math.max(peaks.child, peakOf(pid))
}, 20)

const { signal } = new AbortController()
const withParsers = async <T>(use: (parsers: ParserPool) => Promise<T>): Promise<T> => {
  const limits = { timeoutMs: Number(values.timeout), memoryBytes: Number(values.memory) * MiB }
  const parsers = parserPool({ children: 2, ...limits })
  return use(parsers).finally(() => parsers.close())
}

/** What became of each file of a folder, and the seconds that it took. */
const read = async (folder: string, parsers: ParserPool, within = signal) => {
  const spec = { type: 'local_files' as const, path: folder, include: ['**'] }
  const source = folderSource({ opener: new FileOpener({ roots: [folder] }), spec, read: readLocalFile, parsers })
  const found: (readonly [name: string, became: string])[] = []
  const began = performance.now()
  for (let cursor: string | null = null; ; ) {
    const { documents, next } = await source.bite(cursor, within)
    for (const one of documents) {
      const became = isSourceReject(one) ? one.code : `document of ${one.text.length} characters`
      found.push([one.uri.split('/').at(-1)!, became])
    }
    if (next === null) break
    cursor = next
  }
  return { found, seconds: (performance.now() - began) / 1000 }
}

/** Seconds of each run through a folder, again and again until the work beside it is done. */
const beside = async (work: Promise<unknown>, run: () => Promise<{ readonly seconds: number }>) => {
  let done = false
  const ended = work.finally(() => {
    done = true
  })
  const seconds: number[] = []
  while (!done) seconds.push((await run()).seconds)
  await ended
  return seconds.sort((a, b) => a - b)
}

/** A name that is now a file of the root, now a link to a secret outside, is read again and again. */
const swapped = async (root: string, secret: string) => {
  const opener = new FileOpener({ roots: [root] })
  const [name, spare] = [join(root, 'swapped.txt'), join(root, 'spare.txt')]
  const counts = { read: 0, refused: 0, leaks: 0 }
  let over = false
  const swapping = (async () => {
    for (let link = false; !over; link = !link) {
      if (link) await symlink(secret, spare)
      else await writeFile(spare, 'allowed')
      await rename(spare, name)
      await delay(Math.random() * 2)
    }
  })()
  await writeFile(name, 'allowed')
  for (let i = 0; i < Number(values.swaps); i++)
    try {
      const { bytes } = await opener.read(name)
      counts[bytes.includes('secret') ? 'leaks' : 'read'] += 1
    } catch (error) {
      if (!(error instanceof FileRefusal)) throw error
      counts.refused += 1
    }
  over = true
  await swapping
  return counts
}

if (values.make !== undefined) {
  for (const [name, make] of Object.entries(bombs)) writeFileSync(join(values.make, name), make())
  process.exit()
}

const folder = mkdtempSync(join(tmpdir(), 'penstock-bombs-'))
const [mixed, other, root] = [join(folder, 'mixed'), join(folder, 'other'), join(folder, 'root')]
const isNeighbour = (name: string) => /^n\d+\.docx$/.test(name)
const s = (seconds: number) => `${seconds.toFixed(2)} s`
try {
  for (const one of [mixed, other, root]) mkdirSync(one)
  for (let i = 0; i < neighbours; i++)
    for (const one of [mixed, other]) writeFileSync(join(one, `n${i}.docx`), docxOf(paragraph(`Neighbour ${i}`)))
  const alone = await withParsers(async parsers => {
    await read(other, parsers)
    return { mixed: await read(mixed, parsers), other: await read(other, parsers) }
  })
  execFileSync(process.execPath, [import.meta.filename, '--make', mixed])
  execFileSync('mkfifo', [join(mixed, 'pipe.pdf')])
  symlinkSync('/etc/passwd', join(mixed, 'link.txt'))
  peaks.here = 0
  peaks.child = 0
  const among = await withParsers(parsers => read(mixed, parsers))
  for (const [name, became] of among.found) if (!isNeighbour(name)) console.log(`${name.padEnd(20)} ${became}`)
  const whole = among.found.filter(([name, became]) => isNeighbour(name) && became.startsWith('document')).length
  console.log(
    `${whole} of ${neighbours} neighbours read; ${s(alone.mixed.seconds)} alone, ${s(among.seconds)} with all of these`,
  )
  const times = await withParsers(async parsers => {
    await read(other, parsers)
    return beside(read(mixed, parsers), () => read(other, parsers))
  })
  console.log(
    `another source, its ${neighbours} files: ${s(alone.other.seconds)} alone; ${times.length} times beside all of these, ` +
      `median ${s(times[Math.floor(times.length / 2)]!)}, at most ${s(times.at(-1)!)}`,
  )
  console.log(
    `most memory: ${peaks.child.toFixed(0)} MiB in a child (cap ${values.memory}), ${peaks.here.toFixed(0)} MiB here`,
  )
  writeFileSync(join(folder, 'outside.txt'), 'secret')
  const { read: got, refused, leaks } = await swapped(root, join(folder, 'outside.txt'))
  console.log(`a link swapped in: ${got} times the file was read, ${refused} times refused, ${leaks} leaks`)
  process.exitCode = leaks > 0 || whole < neighbours ? 1 : 0
} finally {
  clearInterval(look)
  rmSync(folder, { recursive: true })
}
