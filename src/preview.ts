import { randomUUID } from 'node:crypto'
import type { Preview } from './api/contract/previews.ts'
import type { ApiPorts } from './api/ports.ts'
import { titleOf } from './chunking/title.ts'
import { chunksOf, ofSources } from './dry-run.ts'
import { type Bite, isSourceReject, type OpenSource, type SourceDocument, type Tabled } from './sources/source.ts'

/** How much of a source one preview reads: it ends with the first of these that is reached, or with its documents. */
export interface PreviewLimits {
  readonly characters: number
  readonly ms: number
}

const usual: PreviewLimits = { characters: 16 * 1024 * 1024, ms: 20_000 }

/** Characters of a text that are shown. */
const shown = 200

/**
 * Reads the first bites of a source as LOADING would, and cuts their documents as CHUNKING would; writes nothing. What
 * takes too long is left out, and the answer says so. Throws what the source throws.
 */
export const previewer =
  (open: OpenSource, limits = usual): ApiPorts['preview'] =>
  async (spec, { limit, chunking, signal: caller }) => {
    const late = AbortSignal.timeout(limits.ms)
    const signal = AbortSignal.any([caller, late])
    const inTime = async <T>(work: () => Promise<T>, late: AbortSignal): Promise<T | null> => {
      if (late.aborted) return null
      try {
        return await work()
      } catch (error) {
        if (late.aborted && !caller.aborted) return null
        throw error
      }
    }
    const { source, id } = open(ofSources([spec], { job_id: `preview-${randomUUID()}` }), 0)
    const documents: Preview['documents'][number][] = []
    const tables: TypedRows[] = []
    const rejected: Preview['rejected'][number][] = []
    const unlisted = new Set<string>()
    const preview = (stopped: Preview['stopped'], total: number | null): Preview => ({
      ...{ source: id, total, documents, tables, rejected, unlisted: [...unlisted], stopped },
    })

    // What counts all of a large table takes long, and is not what was asked for first.
    const counting = AbortSignal.timeout(Math.ceil(limits.ms / 2))
    const total = await inTime(() => source.total(AbortSignal.any([signal, counting])), counting)
    let [entries, characters] = [0, 0]
    for (let cursor: string | null = null; ; ) {
      const bite: Bite | null = await inTime(() => source.bite(cursor, signal), late)
      if (bite === null) return preview('time', total)
      for (const message of bite.unlisted ?? []) unlisted.add(message)
      const first = bite.tabled && firstOf(bite.tabled, limit - entries)
      if (first) {
        if (first.rows.length > 0 || !first.cut) addTo(tables, first)
        for (const { uri, code, message } of first.rejects) rejected.push({ uri, code, message })
        entries += first.rows.length + first.rejects.length
      }
      // A table with documents has one for each row, in their order.
      for (const one of first ? bite.documents.slice(0, first.rows.length) : bite.documents) {
        if (!first && entries >= limit) return preview('limit', total)
        if (characters > limits.characters) return preview('characters', total)
        if (late.aborted) return preview('time', total)
        if (!first) entries++
        if (isSourceReject(one)) rejected.push({ uri: one.uri, code: one.code, message: one.message })
        else {
          characters += one.text.length
          documents.push(shownOf(one, await chunksOf(one, chunking)))
        }
      }
      if (first?.cut) return preview('limit', total)
      if (bite.next === null) return preview(null, total)
      cursor = bite.next
    }
  }

type TypedRows = Preview['tables'][number]

/** The first rows and rejects, in the order of the file. */
const firstOf = (tabled: Tabled, most: number) => {
  const numbers = [...tabled.rows, ...tabled.rejects].map(({ row }) => row).sort((a, b) => a - b)
  const end = numbers[most] ?? Number.POSITIVE_INFINITY
  return {
    ...tabled,
    rows: tabled.rows.filter(({ row }) => row < end),
    rejects: tabled.rejects.filter(({ row }) => row < end),
    cut: numbers.length > most,
  }
}

const addTo = (tables: TypedRows[], { table, uri, columns, rows }: Tabled): void => {
  const at = tables.findLastIndex(one => one.table === table && one.file === uri)
  const known = tables[at]
  if (known) tables[at] = { ...known, rows: [...known.rows, ...rows] }
  else tables.push({ table, file: uri, columns: JSON.parse(columns), rows })
}

const shownOf = (one: SourceDocument, chunks: number): Preview['documents'][number] => ({
  uri: one.uri,
  title: titleOf(one),
  media_type: one.mediaType,
  characters: one.text.length,
  chunks,
  begins: one.text.trimStart().slice(0, shown).toWellFormed(),
  metadata: one.metadata,
})
