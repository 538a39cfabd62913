import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { uploadFolder } from '../../src/uploads/upload-folder.ts'
import { fakePorts } from '../api/fake-ports.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { ended, penstock, start, withServer } from './run.ts'

test('penstock upload sends files, and says what is kept and how to go on', async () => {
  const { folder, remove } = temporaryFolder('upload')
  try {
    await writeFile(join(folder, 'a.txt'), 'words')
    await writeFile(join(folder, 'b.bin'), Buffer.alloc(600_000, 7))
    const ports = fakePorts({
      uploads: uploadFolder({ folder: join(folder, 'kept'), maxBytes: 600_000, reserveBytes: 0, quotaBytes: null }),
    })
    const run = (...args: readonly string[]) => withServer(ports, url => ended(start(url, ['upload', ...args], folder)))
    const { code, stdout } = await run('a.txt', 'b.bin', '--kb', 'handbook', '--to', 'in/2026')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^in\/2026\/a\.txt {2}5 bytes {2}sha256 [0-9a-f]{64}\nin\/2026\/b\.bin {2}600,000 bytes/)
    expect(stdout).toContain('penstock ingest --uploads --kb handbook')
    expect(await readFile(join(folder, 'kept', 'handbook', 'in', '2026', 'a.txt'), 'utf8')).toBe('words')
    const json = JSON.parse((await run('a.txt', '--kb', 'handbook', '--json')).stdout)
    expect(json).toEqual({ kb_id: 'handbook', uploads: [{ path: 'a.txt', bytes: 5, sha256: expect.any(String) }] })
  } finally {
    remove()
  }
})

test.each([
  [['gone.txt', '--kb', 'a'], 'there is no file gone.txt'],
  [['/tmp', '--kb', 'a'], '/tmp is no file; name the files of a folder, such as /tmp/*'],
])('penstock upload %j is wrong usage', async (args, sentence) => {
  const { code, stderr } = await penstock(fakePorts(), 'upload', ...args)
  expect(code).toBe(2)
  expect(stderr).toContain(sentence)
})
