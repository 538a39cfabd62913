import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { codeOf } from '../runtime/errors.ts'

/** Files below a folder, sorted, with '/'; none where there is no folder. */
export const pathsBelow = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(goneIsNull)
  return (entries ?? [])
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

/** Null for what is not there, or no longer. */
export const goneIsNull = (error: unknown): null => {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
  throw error
}
