import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { uploadFolder } from '../../src/uploads/upload-folder.ts'
import { fakePorts } from '../api/fake-ports.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { penstock } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

test('penstock uploads lists what was sent, and deletes of it what is named', async () => {
  const { folder, remove } = temporaryFolder('cli-uploads')
  try {
    await mkdir(join(folder, 'handbook', 'in'), { recursive: true })
    for (const name of ['a.txt', 'in/b c.txt', 'z.txt']) await writeFile(join(folder, 'handbook', name), 'words')
    const ports = fakePorts({ uploads: uploadFolder({ folder, maxBytes: 9, reserveBytes: 0, quotaBytes: null }) })
    const run = (...args: readonly string[]) => penstock(ports, 'uploads', ...args)
    const [listed, page] = await Promise.all([
      run('list', 'handbook'),
      run('list', 'handbook', '--limit', '1', '--json'),
    ])
    expect(listed.stdout).toMatch(/^BYTES +MODIFIED +PATH\n *5 +\S+Z +a\.txt\n *5 +\S+Z +in\/b c\.txt\n/)
    expect(JSON.parse(page.stdout)).toMatchObject({ uploads: [{ path: 'a.txt', bytes: 5 }], next: 'a.txt' })
    const [deleted, json] = await Promise.all([
      run('delete', 'handbook', 'a.txt', 'in/b c.txt'),
      run('delete', 'handbook', 'z.txt', '--json'),
    ])
    expect([deleted.code, deleted.stdout]).toEqual([0, expect.stringMatching(/^a\.txt is deleted\.\nin\/b c\.txt is/)])
    expect(JSON.parse(json.stdout)).toEqual({ kb_id: 'handbook', deleted: ['z.txt'] })
    const [gone, empty] = await Promise.all([run('delete', 'handbook', 'a.txt'), run('list', 'handbook')])
    expect([gone.code, gone.stderr]).toEqual([1, "error: There is no upload 'a.txt'.\n"])
    expect(empty.stdout).toContain('handbook has no uploads. Send some with: penstock upload')
  } finally {
    remove()
  }
})
