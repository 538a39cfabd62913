import type { SourceMistake } from '../kind.ts'
import type { StructuredSpec } from '../specs/structured.ts'
import { isMapping, mappingOf } from './mapping-of.ts'
import { isTableFile } from './opened-table.ts'
import { checkStructured } from './structured-kind.ts'
import { openTableFile, pathsOf } from './table-file.ts'
import type { TablePlaces } from './table-places.ts'
import { columnsOf } from './table-plan.ts'

/** The first rows of a file, as they would be typed. */
export interface FirstRows {
  readonly table: string
  readonly file: string
  readonly columns: readonly {
    readonly name: string
    readonly type: string
    readonly nullable: boolean
    readonly key: boolean
  }[]
  readonly rows: readonly { readonly row: number; readonly cells: readonly (string | null)[] }[]
  readonly rejected: readonly { readonly row: number; readonly message: string }[]
}

/** What is wrong with a source of tables, or the first rows of each of its files; nothing is stored. */
export const firstRows =
  (places: TablePlaces) =>
  async (
    wanted: StructuredSpec,
    most: number,
    signal: AbortSignal,
    kb: string | null,
  ): Promise<{ readonly tables: readonly FirstRows[] } | { readonly mistakes: readonly SourceMistake[] }> => {
    const missing = await places.missing(wanted, kb)
    if (missing.length > 0) return { mistakes: missing }
    const { files, spec } = places.of(wanted, kb)
    const mistakes = await checkStructured({ files, spec })
    if (mistakes.length > 0) return { mistakes }
    const found = await mappingOf(files.opener, spec)
    if (!isMapping(found)) return { mistakes: found }
    const located = await files.opener.locate(spec.path)
    const tables: FirstRows[] = []
    const order = { asker: 'check', signal, from: { look: most } }
    for (const [i, table] of found.mapping.tables.entries())
      for (const path of pathsOf(table, located)) {
        signal.throwIfAborted()
        const file = await openTableFile(files, path, table, `tables[${i}]`, order)
        if (!isTableFile(file)) return { mistakes: file }
        try {
          const typed = most === 0 ? [] : (await file.rows(file.start, most)).rows.map(raw => file.plan.typed(raw))
          tables.push({
            ...{ table: table.table, file: file.uri, columns: JSON.parse(columnsOf(table)) },
            rows: typed.flatMap((cells, j) => (typeof cells === 'string' ? [] : [{ row: j + 1, cells }])),
            rejected: typed.flatMap((cells, j) => (typeof cells === 'string' ? [{ row: j + 1, message: cells }] : [])),
          })
        } finally {
          await file.close()
        }
      }
    return { tables }
  }
