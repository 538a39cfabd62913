import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileOpener } from '../../src/sources/file-opener.ts'
import { sourceOpener } from '../../src/sources/open.ts'
import { sourceSpec } from '../../src/sources/spec.ts'
import { uploadFolder } from '../../src/uploads/upload-folder.ts'
import { laneJob } from '../kit/line.ts'
import { parsersHere } from '../kit/parsers-here.ts'
import { kindsOver } from '../kit/source-kinds.ts'
import { folderWith } from './folder.ts'

const spec = { type: 'local_files', uploads: true } as const

const opened = async (files: Readonly<Record<string, string>>) => {
  const folder = await folderWith(files)
  const kinds = kindsOver(new FileOpener({ roots: ['/nowhere'] }), parsersHere, { folder, maxBytes: 1024 })
  const { source, id } = sourceOpener(kinds)(laneJob({ kb_id: 'kb', sources: [JSON.stringify(spec)] }), 0)
  return { folder, kinds, source, id }
}

test('uploads are those of the knowledge base alone, though they lie outside of the allowed roots', async () => {
  const { folder, source, id, kinds } = await opened({
    'kb/in/a.md': '# A',
    'other/b.md': '# B',
    '.partial/c.md': '# C',
  })
  const { signal } = new AbortController()
  const { documents } = await source.bite(null, signal)
  expect(documents.map(one => one.uri)).toEqual([`file://${join(folder, 'kb/in/a.md')}`])
  expect(id).toBe('local_files:uploads')
  expect(await kinds.local_files.check(spec, 'kb')).toEqual([])
  expect(await source.read(`file://${join(folder, 'other/b.md')}`, signal)).toMatchObject({ code: 'outside_source' })
})

test('a source of a knowledge base for which nothing was uploaded is refused, with what to do', async () => {
  const { kinds } = await opened({ 'other/b.md': '# B' })
  const message = expect.stringContaining('penstock upload FILE --kb kb')
  expect(await kinds.local_files.check(spec, 'kb')).toEqual([{ path: 'uploads', message }])
  expect(await kinds.local_files.check(spec, null)).toEqual([])
})

test('a source whose last upload was deleted is empty', async () => {
  const { folder, kinds, source } = await opened({ 'kb/in/a.md': '# A' })
  await uploadFolder({ folder, maxBytes: 10, reserveBytes: 0, quotaBytes: null }).delete('kb', 'in/a.md')
  expect(await kinds.local_files.check(spec, 'kb')).toEqual([])
  const { signal } = new AbortController()
  expect(await source.total(signal)).toBe(0)
  expect(await source.bite(null, signal)).toMatchObject({ documents: [], next: null })
})

test('a source without uploads fails by name before the first is sent', async () => {
  const { source } = await opened({})
  await expect(source.total(new AbortController().signal)).rejects.toMatchObject({ name: 'Fatal', code: 'source_gone' })
})

test.each([{}, { path: 'docs', uploads: true }, { uploads: false }])('%j does not say where the files are', place => {
  for (const type of ['markdown', 'local_files', 'pdf'])
    expect(sourceSpec.safeParse({ type, ...place }).success).toBe(false)
})
