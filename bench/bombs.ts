/**
 * Files that are made to harm their reader, among ordinary ones: what each is rejected as, the most memory that a child
 * and this process had, and how long the ordinary ones took with and without them. No broker, no database.
 *
 *   node bench/bombs.ts [--memory 512] [--timeout 20000] [--neighbours 40]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { deflateSync } from 'node:zlib'
import { FileOpener } from '../src/sources/file-opener.ts'
import { folderSource } from '../src/sources/folder-source.ts'
import { readLocalFile } from '../src/sources/local-files.ts'
import { parserPool } from '../src/sources/parsing/pool.ts'
import { isSourceReject } from '../src/sources/source.ts'
import { treeOf } from '../test/kit/process-tree.ts'
import { docxOf, paragraph, xlsxOf, zipOf } from '../test/sources/parsing/zip-of.ts'

const { values } = parseArgs({
  options: {
    memory: { type: 'string', default: '512' },
    timeout: { type: 'string', default: '20000' },
    neighbours: { type: 'string', default: '40' },
    /** Only makes the files in this folder: in a process of its own, whose memory does not count. */
    make: { type: 'string' },
  },
})
const MiB = 1024 * 1024
const neighbours = Number(values.neighbours)

/** A PDF whose one page inflates to so many bytes of blanks. */
const pdfBomb = (bytes: number): Buffer => {
  const stream = deflateSync(Buffer.alloc(bytes, ' '))
  const head = `%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Count 1 /Kids [3 0 R] >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>\nendobj\n4 0 obj\n<< /Length ${stream.length} /Filter /FlateDecode >>\nstream\n`
  return Buffer.concat([
    Buffer.from(head),
    stream,
    Buffer.from('\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n'),
  ])
}
const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => `<row><c t="s"><v>${i % 9}</v></c></row>`).join('')

const bombs: Readonly<Record<string, () => Buffer | string>> = {
  'ratio.docx': () => docxOf('', { 'word/media/a.bin': Buffer.alloc(200 * MiB) }),
  'many-entries.docx': () => zipOf(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${i}`, '']))),
  'deep.docx': () => docxOf('<w:sdt>'.repeat(1_000_000)),
  'ratio.xlsx': () => xlsxOf({ S: ' '.repeat(200 * MiB) }),
  'lying.xlsx': () => zipOf({ 'xl/workbook.xml': `<workbook>${' '.repeat(200 * MiB)}</workbook>` }, 100),
  'strings.xlsx': () =>
    xlsxOf(
      { S: lines(10) },
      Array.from({ length: 9 }, () => `<t>${'x'.repeat(400_000)}</t>`),
    ),
  'rows.xlsx': () => xlsxOf({ S: lines(1_000_000) }, ['<t>a</t>']),
  'far.xlsx': () => xlsxOf({ S: '<row><c r="XFD1048576"><v>1</v></c></row>' }),
  'entities.xlsx': () =>
    xlsxOf({}, [], {
      'xl/workbook.xml': '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><workbook>&b;</workbook>',
    }),
  'inflates.pdf': () => pdfBomb(1500 * MiB),
  'deep.html': () => '<div>'.repeat(1_000_000),
  'wide.html': () => `<table><tr>${'<td colspan=1000 rowspan=1000>x'.repeat(2000)}</table>`,
  'attributes.html': () => `<p ${Array.from({ length: 200_000 }, (_, i) => `a${i}=1`).join(' ')}>x`,
  'formatting.html': () =>
    `<p>${Array.from({ length: 400 }, (_, i) => `<b class=${i}>`).join('')}${'<p>x'.repeat(2000)}`,
  'deep.json': () => '['.repeat(5_000_000),
  'quotes.csv': () => `a,b\n"${'x\n'.repeat(5_000_000)}`,
}

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
const read = async (folder: string) => {
  const limits = { timeoutMs: Number(values.timeout), memoryBytes: Number(values.memory) * MiB }
  const parsers = parserPool({ children: 2, ...limits })
  const spec = { type: 'local_files' as const, path: folder, include: ['**'] }
  const source = folderSource({ opener: new FileOpener({ roots: [folder] }), spec, read: readLocalFile, parsers })
  const found: (readonly [name: string, became: string])[] = []
  const began = performance.now()
  try {
    for (let cursor: string | null = null; ; ) {
      const { documents, next } = await source.bite(cursor, signal)
      for (const one of documents) {
        const became = isSourceReject(one) ? one.code : `document of ${one.text.length} characters`
        found.push([one.uri.split('/').at(-1)!, became])
      }
      if (next === null) break
      cursor = next
    }
  } finally {
    await parsers.close()
  }
  return { found, seconds: (performance.now() - began) / 1000 }
}

if (values.make !== undefined) {
  for (const [name, make] of Object.entries(bombs)) writeFileSync(join(values.make, name), make())
  process.exit()
}

const folder = mkdtempSync(join(tmpdir(), 'penstock-bombs-'))
try {
  for (let i = 0; i < neighbours; i++) writeFileSync(join(folder, `n${i}.docx`), docxOf(paragraph(`Neighbour ${i}`)))
  const alone = await read(folder)
  execFileSync(process.execPath, [import.meta.filename, '--make', folder])
  execFileSync('mkfifo', [join(folder, 'pipe.pdf')])
  symlinkSync('/etc/passwd', join(folder, 'link.txt'))
  peaks.here = 0
  peaks.child = 0
  const among = await read(folder)
  for (const [name, became] of among.found) if (!/^n\d+\.docx$/.test(name)) console.log(`${name.padEnd(20)} ${became}`)
  const read1 = among.found.filter(
    ([name, became]) => /^n\d+\.docx$/.test(name) && became.startsWith('document'),
  ).length
  console.log(
    `${read1} of ${neighbours} neighbours read; ${alone.seconds.toFixed(1)} s alone, ${among.seconds.toFixed(1)} s with all of these`,
  )
  console.log(
    `most memory: ${peaks.child.toFixed(0)} MiB in a child (cap ${values.memory}), ${peaks.here.toFixed(0)} MiB here`,
  )
} finally {
  clearInterval(look)
  rmSync(folder, { recursive: true })
}
