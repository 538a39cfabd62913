/**
 * What parsing in child processes costs: a call of a cold and of a warm child, and the loading of a folder of Markdown files
 * with front matter, parsed in children and in this process, in turns. No broker, no database.
 *
 *   node bench/parsers.ts [--files 5000] [--rounds 9]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FileOpener } from '../src/sources/file-opener.ts'
import { folderSource } from '../src/sources/folder-source.ts'
import { readMarkdown } from '../src/sources/markdown.ts'
import type { Parsers } from '../src/sources/parsing/parsers.ts'
import { parserPool } from '../src/sources/parsing/pool.ts'
import { parsersHere } from '../test/kit/parsers-here.ts'

const { values } = parseArgs({
  options: { files: { type: 'string', default: '5000' }, rounds: { type: 'string', default: '9' } },
})
const files = Number(values.files)
const signal = new AbortController().signal
const pool = parserPool({ children: 4, timeoutMs: 20_000, memoryBytes: 512 * 1024 * 1024 })
const folder = mkdtempSync(join(tmpdir(), 'penstock-bench-'))
const yaml = (i: number) =>
  `title: "Page ${i}"\ntags: [water, gates]\ndate: 2026-01-02\nauthor:\n  name: Someone\nabout: >\n  What is said here.\n`
for (let i = 0; i < files; i++)
  writeFileSync(join(folder, `${i}.md`), `---\n${yaml(i)}---\n# Page ${i}\n\n${'Some words of text. '.repeat(150)}\n`)

const call = (i: number) => pool.parse('front_matter', yaml(i), { of: `${i}`, asker: 'bench', signal })
const took = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}
const load = async (parsers: Parsers): Promise<void> => {
  const opener = new FileOpener({ roots: [folder] })
  const listings = { get: (_: boolean, list: () => ReturnType<typeof opener.list>) => (listed ??= list()) }
  let listed: ReturnType<typeof opener.list> | null = null
  const source = folderSource({
    ...{ opener, spec: { type: 'markdown' as const, path: folder }, read: readMarkdown, listings, parsers },
  })
  let loaded = 0
  for (let cursor: string | null = null; ; ) {
    const { documents, next } = await source.bite(cursor, signal)
    loaded += documents.filter(one => 'metadata' in one && one.metadata.title !== undefined).length
    if (next === null) break
    cursor = next
  }
  if (loaded !== files) throw new Error(`${loaded} of ${files} files were loaded.`)
}
const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[all.length >> 1]!

try {
  console.log(`a cold call  ${(await took(() => call(0))).toFixed(0)} ms`)
  for (let i = 0; i < 500; i++) await call(i)
  const singles: number[] = []
  for (let i = 0; i < 500; i++) singles.push(await took(() => call(i)))
  const lot = () => Promise.all(Array.from({ length: 64 }, (_, i) => call(i)))
  const lots: number[] = []
  for (let i = 0; i < 50; i++) lots.push((await took(lot)) / 64)
  console.log(`a warm call  ${median(singles).toFixed(2)} ms alone, ${median(lots).toFixed(2)} ms among 64`)
  const inChildren: number[] = []
  const here: number[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    inChildren.push(await took(() => load(pool)))
    here.push(await took(() => load(parsersHere)))
  }
  const [children, process] = [median(inChildren), median(here)]
  console.log(`${files} files  ${children.toFixed(0)} ms with children, ${process.toFixed(0)} ms in this process`)
  console.log(
    `ratio        ${(children / process).toFixed(2)} (of medians), ${Math.min(...inChildren).toFixed(0)} / ${Math.min(...here).toFixed(0)} ms at best`,
  )
} finally {
  await pool.close()
  rmSync(folder, { recursive: true })
}
