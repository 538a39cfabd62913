import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach } from 'vitest'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const made: (() => void)[] = []

afterEach(() => {
  for (const remove of made.splice(0)) remove()
})

/** A folder of its own for one test, with these files; its real path. */
export const folderWith = async (files: Readonly<Record<string, string | Buffer>> = {}): Promise<string> => {
  const temporary = temporaryFolder('sources')
  made.push(temporary.remove)
  const folder = await realpath(temporary.folder)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}
