import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import picomatch from 'picomatch'
import { Fatal } from '../runtime/errors.ts'
import type { Listing } from './file-listing.ts'
import { type FileOpener, FileRefusal, type Located } from './file-opener.ts'
import { isNotText, textOf } from './file-text.ts'
import { type ListingCache, noCache } from './listing-cache.ts'
import type { Bite, ReadableSource, SourceDocument, SourceReject } from './source.ts'
import { defaultInclude, type SourceSpec } from './spec.ts'

/** What a file says in itself: everything of a document but its uri. */
export type ReadText = (text: string, path: string) => Omit<SourceDocument, 'uri'>

export interface FolderSourceOptions {
  readonly opener: FileOpener
  readonly spec: SourceSpec
  readonly read: ReadText
  readonly listings?: ListingCache
  /** A bite ends after the document that reaches one of these. */
  readonly most?: { readonly documents: number; readonly characters: number; readonly ms: number }
}

/**
 * The files of a folder, in the order of their paths; the cursor is the path of the last one taken, so it stays small
 * and a restart goes on after it, whatever has come or gone meanwhile.
 */
export const folderSource = (options: FolderSourceOptions): ReadableSource => {
  const { opener, spec, read, listings = noCache } = options
  const most = options.most ?? { documents: 256, characters: 4 * 1024 * 1024, ms: 2000 }
  const wanted = matcherOf(spec)

  const locate = () => fatally(spec, () => opener.locate(spec.path))
  const list = async (at: Located, fresh: boolean, signal: AbortSignal): Promise<Listing> => {
    if (!at.folder) return [{ path: '' }]
    return fatally(spec, () => listings.get(fresh, () => opener.list(at.path, wanted, signal)))
  }

  return {
    async total(signal) {
      return (await list(await locate(), true, signal)).length
    },
    async bite(cursor, signal): Promise<Bite> {
      const at = await locate()
      const listing = await list(at, false, signal)
      const documents: (SourceDocument | SourceReject)[] = []
      const began = performance.now()
      let characters = 0
      const enough = () => documents.length >= most.documents || characters >= most.characters
      const late = () => documents.length > 0 && performance.now() - began >= most.ms
      let i = cursor === null ? 0 : firstAfter(listing, cursor)
      while (i < listing.length && !enough() && !late()) {
        signal.throwIfAborted()
        const ahead = listing.slice(i, i + readAhead)
        for (const one of await Promise.all(ahead.map(entry => readEntry(opener, at.path, entry, read)))) {
          if (enough() || late()) break
          if ('text' in one) characters += one.text.length
          documents.push(one)
          i++
        }
      }
      return { documents, next: i < listing.length ? listing[i - 1]!.path : null }
    },
    async read(uri) {
      const at = await locate()
      const path = pathIn(at, uri)
      if (path !== null) return readFile(opener, path, read)
      return { uri, code: 'outside_source', message: `${uri} is not below ${spec.path}, the path of its source.` }
    },
  }
}

/** The path that a uri of this source names; null for what is not below it. */
const pathIn = (at: Located, uri: string): string | null => {
  if (!URL.canParse(uri) || new URL(uri).protocol !== 'file:') return null
  const path = fileURLToPath(uri)
  return path === at.path || (at.folder && path.startsWith(at.path.replace(/\/?$/, '/'))) ? path : null
}

/** Files read at once. Those past the end of a bite are read again by the next one. */
const readAhead = 16

const readEntry = (
  opener: FileOpener,
  folder: string,
  { path, refused }: Listing[number],
  read: ReadText,
): Promise<SourceDocument | SourceReject> | SourceReject => {
  const full = join(folder, path)
  return refused ? { uri: pathToFileURL(full).href, ...refused } : readFile(opener, full, read)
}

const readFile = async (opener: FileOpener, path: string, read: ReadText): Promise<SourceDocument | SourceReject> => {
  try {
    const { bytes, uri } = await opener.read(path)
    const text = textOf(bytes, path)
    if (isNotText(text)) return { uri, ...text }
    const found = read(text, path)
    if (found.text.trim() !== '') return { uri, ...found }
    return { uri, code: 'empty_document', message: `${path} has front matter but no text to index.` }
  } catch (error) {
    if (!(error instanceof FileRefusal)) throw error
    const { code, message } = error
    return { uri: pathToFileURL(path).href, code, message, ...(code === 'file_gone' ? { gone: true } : {}) }
  }
}

/** What is wrong with the source itself is wrong for all its documents. */
const fatally = async <T>(spec: SourceSpec, operation: () => Promise<T>): Promise<T> => {
  try {
    return await operation()
  } catch (error) {
    if (!(error instanceof FileRefusal)) throw error
    throw new Fatal(error.code, `The source ${spec.type} cannot be read: ${error.message}`, { cause: error })
  }
}

/** The types a source reads by itself are matched in any case (README.MD), what a user wrote as it is written. */
const matcherOf = (spec: SourceSpec): ((path: string) => boolean) => {
  const options = { nobracket: true, noextglob: true, nonegate: true }
  const include = spec.include
    ? picomatch([...spec.include], options)
    : picomatch([...defaultInclude[spec.type]], { ...options, nocase: true })
  const exclude = spec.exclude ? picomatch([...spec.exclude], options) : () => false
  return path => include(path) && !exclude(path)
}

const firstAfter = (listing: Listing, cursor: string): number => {
  let low = 0
  let high = listing.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (listing[middle]!.path <= cursor) low = middle + 1
    else high = middle
  }
  return low
}
