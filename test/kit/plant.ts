import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** A bug that breaks a guarantee, as changes to a copy of the sources. */
export interface Bug {
  readonly name: string
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[]
}

const checkout = resolve(import.meta.dirname, '../..')

/** Copies into a folder what a run of the tests needs, and changes it. Throws when a source is no longer what the bug was written for. */
export const plant = (folder: string, { name, edits }: Bug): void => {
  for (const part of ['src', 'test', 'migrations', 'package.json', 'tsconfig.json'])
    cpSync(join(checkout, part), join(folder, part), { recursive: true })
  symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, from, to } of edits) {
    const path = join(folder, file)
    const source = readFileSync(path, 'utf8')
    if (timesToChange(source, from) !== 1) throw new Error(`"${name}" cannot be planted: ${file} has changed.`)
    writeFileSync(
      path,
      source.replace(from, () => to),
    )
  }
}

/** In how many places a change would be made: a bug that fits has one. */
export const timesToChange = (source: string, from: string): number => source.split(from).length - 1
