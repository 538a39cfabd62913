/**
 * Reads a folder as `local_files` does, with parsers in children, and prints what became of each type of file: documents,
 * rejects by cause, seconds, and the most memory that this process and its largest child had. No broker, no database.
 *
 *   node bench/corpus.ts FOLDER [--include '**\/*.pdf'] [--rejects] [--write FOLDER] [--timeout 20000]
 *
 * `--rejects` names every file that was rejected; `--write` leaves the text of each document in a folder, to be read.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { FileOpener } from '../src/sources/file-opener.ts'
import { folderSource } from '../src/sources/folder-source.ts'
import { ListingCaches } from '../src/sources/listing-cache.ts'
import { readLocalFile } from '../src/sources/local-files.ts'
import { parserPool } from '../src/sources/parsing/pool.ts'
import { isSourceReject } from '../src/sources/source.ts'
import { treeOf } from '../test/kit/process-tree.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    include: { type: 'string', multiple: true },
    rejects: { type: 'boolean', default: false },
    write: { type: 'string' },
    timeout: { type: 'string', default: '20000' },
  },
})
const folder = resolve(positionals[0] ?? '.')
const { signal } = new AbortController()
const parsers = parserPool({ children: 2, timeoutMs: Number(values.timeout), memoryBytes: 512 * 1024 * 1024 })
const source = folderSource({
  opener: new FileOpener({ roots: [folder] }),
  spec: { type: 'local_files', path: folder, ...(values.include ? { include: values.include } : {}) },
  read: readLocalFile,
  listings: new ListingCaches().of('corpus'),
  parsers,
})

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
}, 50)

const counts = new Map<string, Map<string, number>>()
const count = (type: string, what: string) => {
  const of = counts.get(type) ?? new Map<string, number>()
  counts.set(type, of.set(what, (of.get(what) ?? 0) + 1))
}
if (values.write) mkdirSync(values.write, { recursive: true })
const began = performance.now()
let characters = 0
try {
  console.log(`${await source.total(signal)} files in ${folder}`)
  for (let cursor: string | null = null; ; ) {
    const { documents, next } = await source.bite(cursor, signal)
    for (const one of documents) {
      const type = extname(one.uri).toLowerCase() || 'none'
      count(type, isSourceReject(one) ? one.code : 'document')
      if (isSourceReject(one)) {
        if (values.rejects) console.log(`  ${one.code}  ${one.message}`)
        continue
      }
      characters += one.text.length
      const name = `${basename(decodeURIComponent(one.uri))}.txt`
      if (values.write)
        writeFileSync(join(values.write, name), `${one.title}\n${JSON.stringify(one.metadata)}\n\n${one.text}`)
    }
    if (next === null) break
    cursor = next
  }
} finally {
  clearInterval(look)
  await parsers.close()
}
for (const [type, of] of [...counts].sort())
  console.log(`${type.padEnd(8)} ${[...of].map(([what, number]) => `${what} ${number}`).join(', ')}`)
const seconds = (performance.now() - began) / 1000
console.log(`${seconds.toFixed(1)} s, ${(characters / 1e6).toFixed(1)} million characters`)
console.log(`most memory: ${peaks.here.toFixed(0)} MiB here, ${peaks.child.toFixed(0)} MiB in a child`)
