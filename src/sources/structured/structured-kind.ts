import { sourceIdOf } from '../../schemas/identity.ts'
import { FileRefusal } from '../file-refusal.ts'
import type { SourceKind, SourceMistake } from '../kind.ts'
import type { StructuredSpec } from '../specs/structured.ts'
import { placeOf } from '../uploaded.ts'
import { isMapping, mappingOf } from './mapping-of.ts'
import { isTableFile } from './opened-table.ts'
import { structuredSource } from './structured-source.ts'
import { openTableFile, pathsOf } from './table-file.ts'
import { type PlacedTables, TablePlaces, type TablePlacesOptions } from './table-places.ts'

/** Tables by a mapping. What is checked at admission is the mapping, and the header of every file against it. */
export const structuredKind = (options: TablePlacesOptions): SourceKind<StructuredSpec> => {
  const { opener } = options
  const places = new TablePlaces(options)
  return {
    // Of one folder, several mappings make tables of their own: they are sources of their own.
    id: ({ type, path, mapping, mapping_file }) => {
      const names = mapping?.tables.map(({ table }) => table).toSorted() ?? []
      const absolute = (file: string) => (path === undefined ? file : opener.absolute(file))
      const by = mapping_file === undefined ? names.join(',') : absolute(mapping_file)
      return `${sourceIdOf({ type, path: placeOf(opener, path) })}#${by}`
    },
    async check(spec, kb) {
      const missing = await places.missing(spec, kb)
      if (missing.length > 0) return missing
      return spec.path === undefined && kb === null ? [] : checkStructured(places.of(spec, kb))
    },
    open: (spec, { job }) => structuredSource({ ...places.of(spec, job.kb_id), asker: job.job_id }),
  }
}

/** Every mistake that can be seen without reading rows. */
export const checkStructured = async ({ files, spec }: PlacedTables): Promise<readonly SourceMistake[]> => {
  const { opener } = files
  const order = { asker: 'check', signal: new AbortController().signal, from: { look: 0 } }
  const inline = spec.mapping !== undefined
  const found = await mappingOf(opener, spec)
  const refusal = await opener.checkSpec(spec)
  const unreachable = refusal === null ? [] : [{ path: 'path', message: refusal.message }]
  if (!isMapping(found)) return [...unreachable, ...found]
  if (refusal !== null) return unreachable
  const located = await opener.locate(spec.path)
  const mistakes: SourceMistake[] = []
  for (const [i, table] of found.mapping.tables.entries()) {
    const at = `tables[${i}]`
    if (located.folder !== (table.files !== undefined) || (!located.folder && found.mapping.tables.length > 1)) {
      const message = located.folder
        ? 'is required: `path` of the source is a folder'
        : 'does not go with a `path` that is a file: name the folder, and the files of each table'
      mistakes.push({ path: `${at}.files`, message })
      continue
    }
    for (const [j, path] of pathsOf(table, located).entries())
      try {
        const opened = await openTableFile(files, path, table, at, order)
        if (isTableFile(opened)) await opened.close()
        else mistakes.push(...opened)
      } catch (error) {
        if (!(error instanceof FileRefusal) && !(error instanceof Error && 'code' in error)) throw error
        mistakes.push({ path: located.folder ? `${at}.files[${j}]` : 'path', message: (error as Error).message })
      }
  }
  return mistakes.map(one => placed(one, inline))
}

/** Inside of the request where the mapping is there, else in the file that is named there. */
const placed = ({ path, message }: SourceMistake, inline: boolean): SourceMistake => {
  if (path === 'path') return { path, message }
  return inline ? { path: `mapping.${path}`, message } : { path: 'mapping_file', message: `${path} ${message}` }
}
