import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import type { Listing } from '../../src/sources/file-listing.ts'
import { FileOpener } from '../../src/sources/file-opener.ts'
import { folderSource } from '../../src/sources/folder-source.ts'
import { readMarkdown } from '../../src/sources/markdown.ts'
import { parsersHere } from '../kit/parsers-here.ts'
import { folderWith } from './folder.ts'

const forever = new AbortController().signal
const sourceOver = (opener: FileOpener, listing?: Listing) =>
  folderSource({
    ...{ opener, spec: { type: 'markdown', path: '.' }, read: readMarkdown, parsers: parsersHere },
    ...(listing === undefined ? {} : { listings: { get: async () => listing } }),
  })

test('a folder that cannot be listed is said with every bite, whatever of the listing the bite takes', async () => {
  const root = await folderWith({ 'a.md': 'a', 'z.md': 'z' })
  const message = '/docs/b cannot be listed: EACCES.'
  const source = sourceOver(new FileOpener({ roots: [root] }), [
    { path: 'a.md' },
    { path: 'b', refused: { code: 'unreadable', message } },
    { path: 'c', refused: { code: 'outside_roots', message: 'c leads outside.' } },
    { path: 'd.md', refused: { code: 'file_gone', message: 'd.md leads nowhere.' } },
    { path: 'z.md' },
  ])
  expect((await source.bite(null, forever)).unlisted).toEqual([message])
  expect((await source.bite('d.md', forever)).unlisted).toEqual([message])
})

test('a folder that can be listed leaves nothing out, whatever its links lead to', async () => {
  const root = await folderWith({ 'docs/a.md': 'a' })
  const outside = await folderWith({ 'b.md': 'b' })
  await symlink(outside, join(root, 'docs/outside'))
  await symlink(join(root, 'nowhere'), join(root, 'docs/dangling.md'))
  const { documents, unlisted } = await sourceOver(new FileOpener({ roots: [root] })).bite(null, forever)
  expect(documents).toHaveLength(3)
  expect(unlisted).toEqual([])
})

test('a file behind a link that is refused keeps its identity, its real path', async () => {
  const root = await folderWith({ 'other/x.md': 'a long text', 'docs/a.md': 'a' })
  await symlink(join(root, 'other'), join(root, 'docs/link'))
  const source = folderSource({
    ...{ opener: new FileOpener({ roots: [root], maxBytes: 4 }), spec: { type: 'markdown', path: 'docs' } },
    ...{ read: readMarkdown, parsers: parsersHere },
  })
  const { documents, unlisted } = await source.bite(null, forever)
  expect(documents[1]).toMatchObject({
    uri: pathToFileURL(join(root, 'other/x.md')).href,
    code: 'file_too_large',
  })
  expect(unlisted).toEqual([])
})

test('a file whose real path cannot be told for now counts as not listed, one that is gone does not', async () => {
  const root = await folderWith({ 'a.md': 'a', 'b.md': 'b' })
  await rm(join(root, 'a.md'))
  await rm(join(root, 'b.md'))
  await symlink('b.md', join(root, 'b.md'))
  const { documents, unlisted } = await sourceOver(new FileOpener({ roots: [root] }), [
    { path: 'a.md' },
    { path: 'b.md' },
  ]).bite(null, forever)
  expect(documents).toMatchObject([{ code: 'file_gone', gone: true }, { code: 'unreadable' }])
  expect(unlisted).toEqual([expect.stringContaining('b.md cannot be read')])
})
