import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askAgainBytes, type RoomOptions } from '../../src/uploads/room.ts'
import { uploadFolder } from '../../src/uploads/upload-folder.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

let made: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  made = temporaryFolder('room')
})
afterEach(() => made.remove())

const uploads = (room: Partial<RoomOptions>) =>
  uploadFolder({ folder: made.folder, maxBytes: 1024 ** 3, reserveBytes: 0, quotaBytes: null, ...room })
const bytes = (count: number) => Readable.from([Buffer.alloc(count)])

test('an announced length that leaves less than the reserve is refused before anything is read', async () => {
  const to = uploads({ reserveBytes: 100, freeBytes: async () => 150 })
  const content = bytes(51)
  await expect(to.put('kb', 'a', content, 51)).rejects.toMatchObject({
    code: 'disk_full',
    message: expect.stringContaining('PENSTOCK_UPLOAD_RESERVE_BYTES'),
  })
  expect(content.readableDidRead).toBe(false)
  await to.put('kb', 'a', bytes(50), 50)
})

test('a disk that fills while a file arrives refuses it, and keeps nothing of it', async () => {
  const free = [1000, 99]
  const to = uploads({ reserveBytes: 100, freeBytes: async () => free.shift()! })
  await expect(to.put('kb', 'a', bytes(askAgainBytes))).rejects.toMatchObject({ code: 'disk_full' })
  expect(await readdir(join(made.folder, '.partial'))).toEqual([])
})

test('all uploads of a knowledge base have a quota, in which a file that is replaced does not count', async () => {
  const to = uploads({ quotaBytes: 100 })
  await to.put('kb', 'a', bytes(60))
  await to.put('kb', 'in/b', bytes(40))
  await to.put('kb', 'a', bytes(60), 60)
  await to.put('other', 'a', bytes(100))
  for (const announced of [0, 61])
    await expect(to.put('kb', 'a', bytes(61), announced)).rejects.toMatchObject({
      code: 'upload_quota',
      message: expect.stringMatching(/100 bytes together, and the others have 40\. .*PENSTOCK_UPLOAD_QUOTA_BYTES/),
    })
  expect(await readFile(join(made.folder, 'kb/a'))).toHaveLength(60)
})
