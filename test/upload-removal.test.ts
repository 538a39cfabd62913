import { existsSync, readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MarkedUploads, markedUploads } from '../src/coordinator/deletion-uploads.ts'
import { startUploadRemoval } from '../src/upload-removal.ts'
import { uploadFolder } from '../src/uploads/upload-folder.ts'
import { openTestDatabase } from './coordinator/database.ts'
import { openPostgres } from './kit/databases.ts'
import { silent } from './kit/log.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'
import { until } from './kit/until.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
const { folder, remove } = temporaryFolder('upload-removal')
beforeAll(async () => {
  database = await openTestDatabase(openPostgres)
})
afterAll(async () => {
  await database?.close()
  remove()
})

const uploads = uploadFolder({ folder, maxBytes: 1024, reserveBytes: 0, quotaBytes: null })
const send = (kb: string) => uploads.put(kb, 'in/a.md', Readable.from([Buffer.from(kb)]))
const mark = (kb: string) => database.em.fork().execute('insert into knowledge_base_deletion (kb_id) values (?)', [kb])
const leftOver = () => readdirSync(join(folder, '.away'))

test('the uploads of what is deleted go, with what a killed process had put away, and those of others stay', async () => {
  await mkdir(join(folder, '.away', 'of-a-killed-process'), { recursive: true })
  await writeFile(join(folder, '.away', 'of-a-killed-process', 'a.md'), 'old')
  for (const kb of ['doomed', 'lasting']) await send(kb)
  const marked = markedUploads(database.em)
  const removal = startUploadRemoval({ marked, uploads, log: silent, everyMs: 3_600_000 })
  await mark('doomed')
  await mark('without-any')
  removal.nudge()
  await until('all are removed', async () => (await marked.list()).length === 0)
  expect([existsSync(join(folder, 'doomed')), leftOver()]).toEqual([false, []])
  expect((await uploads.list('lasting', { limit: 9, after: null })).uploads).toHaveLength(1)
  await removal.stop()
})

test('a deletion that ends meanwhile leaves alone what is sent for the name afterwards', async () => {
  await database.em.fork().execute('delete from knowledge_base_deletion')
  await send('doomed')
  await mark('doomed')
  const real = markedUploads(database.em)
  let held = 0
  const late: MarkedUploads = {
    ...real,
    async holding(id, work) {
      await database.em.fork().execute('delete from knowledge_base_deletion where id = ?', [id])
      held++
      return real.holding(id, work)
    },
  }
  const removal = startUploadRemoval({ marked: late, uploads, log: silent, everyMs: 1 })
  await until('it was late', () => held > 0)
  await removal.stop()
  expect(existsSync(join(folder, 'doomed', 'in', 'a.md'))).toBe(true)
})
