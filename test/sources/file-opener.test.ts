import { execFileSync } from 'node:child_process'
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { FileOpener } from '../../src/sources/file-opener.ts'
import { folderWith } from './folder.ts'

const markdown = (path: string) => path.endsWith('.md')
const forever = new AbortController().signal
const refused = (code: string, ...named: string[]) =>
  expect.objectContaining({ name: 'FileRefusal', code, message: expect.stringMatching(new RegExp(named.join('.*'))) })

/** Root may read everything, so it does this as somebody else. */
const asNobody = async <T>(work: () => Promise<T>): Promise<T> => {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(65534)
  return work().finally(() => process.seteuid?.(0))
}

describe('a source path', () => {
  test('is allowed below a root, also relative to the first root', async () => {
    const root = await folderWith({ 'docs/a.md': 'a' })
    const opener = new FileOpener({ roots: [root, '/nowhere'] })
    expect(await opener.checkSpec({ path: join(root, 'docs') })).toBeNull()
    expect(await opener.checkSpec({ path: 'docs' })).toBeNull()
    expect(await opener.locate('docs/a.md')).toEqual({ path: join(root, 'docs/a.md'), folder: false })
  })

  test('outside of the roots is refused by name, however it is written', async () => {
    const root = await folderWith({ 'in/a.md': 'a', 'inside/b.md': 'b' })
    const opener = new FileOpener({ roots: [join(root, 'in')] })
    for (const path of ['..', '../inside', '/etc', join(root, 'in/../inside/b.md')])
      expect(await opener.checkSpec({ path })).toEqual(refused('outside_roots', 'outside of the allowed folders', 'in'))
  })

  test('below a closed folder is refused, though a root is above it, and a link leads there', async () => {
    const root = await folderWith({ 'open/a.md': 'a', 'sent/b.md': 'b' })
    await symlink(join(root, 'sent'), join(root, 'open/link'))
    const opener = new FileOpener({ roots: [root], closed: [join(root, 'sent')] })
    for (const path of ['sent', 'sent/b.md', 'open/link/b.md'])
      expect(await opener.checkSpec({ path })).toEqual(refused('outside_roots', 'outside of the allowed folders'))
    await expect(opener.read(join(root, 'sent/b.md'))).rejects.toEqual(refused('outside_roots'))
    expect(await opener.checkSpec({ path: 'open' })).toBeNull()
  })

  test('that a link leads out of the roots is refused', async () => {
    const outside = await folderWith({ 'secret.md': 's' })
    const root = await folderWith()
    await symlink(outside, join(root, 'docs'))
    const opener = new FileOpener({ roots: [root] })
    expect(await opener.checkSpec({ path: 'docs' })).toEqual(refused('outside_roots', 'docs leads to', outside))
  })

  test('that does not exist is refused', async () => {
    const opener = new FileOpener({ roots: [await folderWith()] })
    expect(await opener.checkSpec({ path: 'gone' })).toEqual(refused('source_gone', 'gone does not exist'))
  })

  test('below a root that is itself a link is allowed', async () => {
    const real = await folderWith({ 'a.md': 'a' })
    const other = await folderWith()
    await symlink(real, join(other, 'root'))
    expect(await new FileOpener({ roots: [join(other, 'root')] }).checkSpec({ path: 'a.md' })).toBeNull()
  })
})

describe('reading', () => {
  test('gives the bytes and the URL of the real path', async () => {
    const root = await folderWith({ 'a b.md': 'text' })
    const { bytes, uri } = await new FileOpener({ roots: [root] }).read(join(root, 'a b.md'))
    expect([bytes.toString(), uri]).toEqual(['text', pathToFileURL(join(root, 'a b.md')).href])
  })

  test('a link out of the roots, a folder, a missing file and a circle of links are refused by name', async () => {
    const outside = await folderWith({ 'secret.md': 's' })
    const root = await folderWith({ 'sub/a.md': 'a' })
    await symlink(join(outside, 'secret.md'), join(root, 'link.md'))
    await symlink(join(root, 'loop.md'), join(root, 'loop.md'))
    const opener = new FileOpener({ roots: [root] })
    await expect(opener.read(join(root, 'link.md'))).rejects.toEqual(refused('outside_roots', 'link.md leads to'))
    await expect(opener.read(join(root, 'sub'))).rejects.toEqual(refused('not_a_file', 'sub is a folder'))
    await expect(opener.read(join(root, 'no.md'))).rejects.toEqual(refused('file_gone', 'no.md does not exist'))
    await expect(opener.read(join(root, 'loop.md'))).rejects.toEqual(refused('unreadable', 'loop.md', 'ELOOP'))
  })

  test('a pipe is refused without waiting for its writer', async () => {
    const root = await folderWith()
    execFileSync('mkfifo', [join(root, 'pipe.md')])
    await expect(new FileOpener({ roots: [root] }).read(join(root, 'pipe.md'))).rejects.toEqual(
      refused('not_a_file', 'pipe.md is a pipe'),
    )
  })

  test('a file over the limit is refused before it is read', async () => {
    const root = await folderWith({ 'big.md': 'x'.repeat(11) })
    const opener = new FileOpener({ roots: [root], maxBytes: 10 })
    await expect(opener.read(join(root, 'big.md'))).rejects.toEqual(
      refused('file_too_large', 'big.md has 11 bytes', '10'),
    )
  })

  test('how much of it would be held is known before it is read', async () => {
    const root = await folderWith({ 'big.md': 'x'.repeat(11), 'small.md': 'x'.repeat(10) })
    const opener = new FileOpener({ roots: [root], maxBytes: 10 })
    const sizeOf = (name: string) => opener.sizeOf(join(root, name))
    expect([await sizeOf('small.md'), await sizeOf('big.md'), await sizeOf('none.md')]).toEqual([10, 0, 0])
  })

  test('a file without permission is refused by name', async () => {
    const root = await folderWith({ 'a.md': 'a' })
    await chmod(root, 0o755)
    await chmod(join(root, 'a.md'), 0)
    const read = () => new FileOpener({ roots: [root] }).read(join(root, 'a.md'))
    await expect(asNobody(read)).rejects.toEqual(refused('unreadable', 'a.md', 'permission denied'))
  })

  test('a folder that becomes a link out of the roots between two reads leads nowhere', async () => {
    const outside = await folderWith({ 'a.md': 'secret' })
    const root = await folderWith({ 'sub/a.md': 'mine' })
    const opener = new FileOpener({ roots: [root] })
    await opener.read(join(root, 'sub/a.md'))
    await rename(join(root, 'sub'), join(root, 'old'))
    await symlink(outside, join(root, 'sub'))
    await expect(opener.read(join(root, 'sub/a.md'))).rejects.toEqual(refused('outside_roots'))
  })
})

describe('listing', () => {
  const paths = async (root: string, folder = root) =>
    (await new FileOpener({ roots: [root] }).list(folder, markdown, forever)).map(one => one.path)

  test('is in the order of the paths, with node_modules and without hidden folders', async () => {
    const root = await folderWith({
      'b.md': '',
      'a/z.md': '',
      'a.md': '',
      'a-b/c.md': '',
      'node_modules/x/README.md': '',
      '.git/x.md': '',
      '.hidden.md': '',
      'a/no.txt': '',
    })
    const expected = ['a-b/c.md', 'a.md', 'a/z.md', 'b.md', 'node_modules/x/README.md']
    expect(await paths(root)).toEqual(expected)
    expect(expected).toEqual(expected.toSorted())
  })

  test('names links that leave the roots and links to nothing, and goes on', async () => {
    const outside = await folderWith({ 'x.md': '' })
    const root = await folderWith({ 'a.md': '' })
    await symlink(join(outside, 'x.md'), join(root, 'file.md'))
    await symlink(outside, join(root, 'folder'))
    await symlink(join(root, 'nothing.md'), join(root, 'broken.md'))
    await symlink(join(outside, 'x.md'), join(root, 'unwanted.txt'))
    const listing = await new FileOpener({ roots: [root] }).list(root, markdown, forever)
    expect(listing.map(({ path, refused: why }) => [path, why?.code])).toEqual([
      ['a.md', undefined],
      ['broken.md', 'file_gone'],
      ['file.md', 'outside_roots'],
      ['folder', 'outside_roots'],
    ])
    expect(listing.at(-1)?.refused?.message).toContain(outside)
  })

  test('follows links inside of the roots, lists nothing twice, and ends in a circle of links', async () => {
    const root = await folderWith({ 'docs/a.md': '', 'docs/sub/b.md': '', 'shared/c.md': '', 'docs/.store/p/d.md': '' })
    await symlink(join(root, 'docs'), join(root, 'docs/sub/up'))
    await symlink(join(root, 'docs/a.md'), join(root, 'docs/again.md'))
    await symlink(join(root, 'shared'), join(root, 'docs/shared'))
    await symlink(join(root, 'docs/.store/p'), join(root, 'docs/p'))
    await symlink(root, join(root, 'shared/root'))
    const found = await paths(root, join(root, 'docs'))
    expect(found).toEqual(['a.md', 'p/d.md', 'shared/c.md', 'sub/b.md'])
  })

  test('stops when it is told to', async () => {
    const root = await folderWith({ 'a.md': '' })
    const listing = new FileOpener({ roots: [root] }).list(root, markdown, AbortSignal.abort(new Error('held')))
    await expect(listing).rejects.toThrow('held')
  })

  test('of a folder that is gone is refused', async () => {
    const root = await folderWith()
    await expect(paths(root, join(root, 'gone'))).rejects.toEqual(refused('source_gone', 'gone'))
    await mkdir(join(root, 'gone'))
    await writeFile(join(root, 'gone/a.md'), '')
    expect(await paths(root, join(root, 'gone'))).toEqual(['a.md'])
  })
})
