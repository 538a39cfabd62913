import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import picomatch from 'picomatch'
import { Fatal, Reject } from '../runtime/errors.ts'
import type { Listing } from './file-listing.ts'
import type { FileOpener, Located } from './file-opener.ts'
import { FileRefusal } from './file-refusal.ts'
import { type ListingCache, noCache } from './listing-cache.ts'
import type { Parsers } from './parsing/parsers.ts'
import { readAhead } from './read-ahead.ts'
import type { FileBytes, Parse, ReadFile } from './readers/reader.ts'
import type { Bite, ReadableSource, SourceDocument, SourceReject } from './source.ts'
import { defaultInclude, type FilesSpec } from './specs/files.ts'

/** Which files of which folder. */
export type FolderSpec = Pick<FilesSpec, 'type' | 'include' | 'exclude'> & { readonly path: string }

export interface FolderSourceOptions {
  readonly opener: FileOpener
  readonly spec: FolderSpec
  readonly read: ReadFile
  readonly parsers: Parsers
  /** Who asks the parsers; the bites of all jobs in a process share them. */
  readonly asker?: string
  readonly listings?: ListingCache
  /** A bite ends after the document that reaches one of the first two, or with what was being read when it is late. */
  readonly most?: { readonly documents: number; readonly characters: number; readonly ms: number }
}

/**
 * The files of a folder, in the order of their paths; the cursor is the path of the last one taken, so it stays small
 * and a restart goes on after it, whatever has come or gone meanwhile.
 */
export const folderSource = (options: FolderSourceOptions): ReadableSource => {
  const { opener, spec, parsers, asker = spec.path, listings = noCache } = options
  const most = options.most ?? { documents: 256, characters: 4 * 1024 * 1024, ms: 2000 }
  const wanted = matcherOf(spec)

  const locate = () => fatally(spec, () => opener.locate(spec.path))
  const list = async (at: Located, fresh: boolean, signal: AbortSignal): Promise<Listing> => {
    if (!at.folder) return [{ path: '' }]
    return fatally(spec, () => listings.get(fresh, () => opener.list(at.path, wanted, signal)))
  }

  const parsing = (signal: AbortSignal) => async (found: Read | SourceReject) =>
    'bytes' in found
      ? documentOf(found, options.read, (parser, input) =>
          parsers.parse(parser, input, { of: found.path, asker, signal }),
        )
      : found

  return {
    async total(signal) {
      return (await list(await locate(), true, signal)).length
    },
    async bite(cursor, signal): Promise<Bite> {
      const at = await locate()
      const listing = await list(at, false, signal)
      const from = cursor === null ? 0 : firstAfter(listing, cursor)
      const unlisted = unlistedIn(listing)
      const read = (entry: Listing[number]) => readEntry(opener, at.path, entry, message => unlisted.push(message))
      const documents: (SourceDocument | SourceReject)[] = []
      const began = performance.now()
      let characters = 0
      const enough = () => documents.length >= most.documents || characters >= most.characters
      signal.throwIfAborted()
      for await (const lot of readAhead(
        listing.slice(from, from + most.documents),
        lots,
        async ({ path, refused }) => (refused ? 0 : opener.sizeOf(join(at.path, path))),
        read,
        parsing(signal),
      )) {
        for (const one of lot) {
          if ('text' in one) characters += one.text.length
          documents.push(one)
          if (enough()) break
        }
        if (enough() || performance.now() - began >= most.ms) break
        signal.throwIfAborted()
      }
      const next = from + documents.length
      return { documents, unlisted, next: next < listing.length ? listing[next - 1]!.path : null }
    },
    async read(uri, signal) {
      const at = await locate()
      const path = pathIn(at, uri)
      if (path !== null) return parsing(signal)(await readPath(opener, path))
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

/** In bytes. What is read past the end of a bite is read again by the next one. */
const lots = { atOnce: 16, sizeAtOnce: 16 * 1024 * 1024, items: 32, size: 512 * 1024 }

interface Read extends FileBytes {
  readonly uri: string
}

const readEntry = async (
  opener: FileOpener,
  folder: string,
  { path: name, refused }: Listing[number],
  unlisted: (message: string) => void,
): Promise<Read | SourceReject> => {
  const path = join(folder, name)
  return refused ? { uri: pathToFileURL(path).href, ...refused } : readPath(opener, path, unlisted)
}

/** A few are enough: one keeps the source from being swept. */
const mostUnlisted = 10

/** Folders and links whose files may be there all the same; a link that leads nowhere or outside has none. */
const unlistedIn = (listing: Listing): string[] =>
  listing.flatMap(({ refused }) => (refused?.code === 'unreadable' ? [refused.message] : [])).slice(0, mostUnlisted)

/** A refused file keeps its identity, its real path; `unlisted` is told where that cannot be resolved for now. */
const readPath = async (
  opener: FileOpener,
  path: string,
  unlisted: (message: string) => void = () => undefined,
): Promise<Read | SourceReject> => {
  try {
    return { path, ...(await opener.read(path)) }
  } catch (error) {
    if (!(error instanceof FileRefusal)) throw error
    const { code, message } = error
    const real = await opener.realPath(path)
    if (real === null && code === 'unreadable') unlisted(message)
    const uri = pathToFileURL(real ?? path).href
    return { uri, code, message, ...(code === 'file_gone' ? { gone: true } : {}) }
  }
}

const documentOf = async (
  { path, uri, bytes }: Read,
  read: ReadFile,
  parse: Parse,
): Promise<SourceDocument | SourceReject> => {
  try {
    const found = await read({ path, bytes }, parse)
    if (found.text.trim() !== '') return { uri, ...found }
    return { uri, code: 'empty_document', message: `${path} has front matter but no text to index.` }
  } catch (error) {
    if (!(error instanceof Reject)) throw error
    return { uri, code: error.code, message: error.message }
  }
}

/** What is wrong with the source itself is wrong for all its documents. */
const fatally = async <T>(spec: FolderSpec, operation: () => Promise<T>): Promise<T> => {
  try {
    return await operation()
  } catch (error) {
    if (!(error instanceof FileRefusal)) throw error
    throw new Fatal(error.code, `The source ${spec.type} cannot be read: ${error.message}`, { cause: error })
  }
}

/** The types a source reads by itself are matched in any case (README.MD), what a user wrote as it is written. */
const matcherOf = (spec: FolderSpec): ((path: string) => boolean) => {
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
