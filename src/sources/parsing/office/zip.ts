import type { Readable } from 'node:stream'
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'
import { messageOf, Reject } from '../../../runtime/errors.ts'

const MiB = 1024 * 1024

/** What a file of an office may hold: entries, inflated bytes in all, and by how much an entry that is not small may grow. */
export const zipBounds = { entries: 10_000, bytes: 256 * MiB, ratio: 200, small: 4 * MiB } as const

/** The entries of a zip that was looked over. */
export interface Zip {
  has(name: string): boolean
  /** The bytes of an entry, piece by piece; of one that is not there none. */
  read(name: string): AsyncIterable<Buffer>
}

/**
 * Looks over a zip and opens it. Sizes are what its directory says, and no entry gets to inflate past that. Throws a
 * Reject `zip_bomb` past the bounds, `broken_zip` for what is damaged.
 */
export const openZip = async (bytes: Uint8Array): Promise<Zip> => {
  const zip = await unbroken(fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), options))
  const entries = await entriesOf(zip)
  return {
    has: name => entries.has(name),
    async *read(name) {
      const entry = entries.get(name)
      if (!entry) return
      yield* inflated(await unbroken(zip.openReadStreamPromise(entry)))
    },
  }
}

const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true, strictFileNames: false }

const entriesOf = async (zip: ZipFile): Promise<ReadonlyMap<string, Entry>> => {
  if (zip.entryCount > zipBounds.entries)
    throw bomb(`it has ${zip.entryCount} entries; at most ${zipBounds.entries} are read`)
  const entries = new Map<string, Entry>()
  let bytes = 0
  for (const all = zip.eachEntry(); ; ) {
    const { value: entry, done } = await unbroken(all.next())
    if (done || !entry) break
    bytes += entry.uncompressedSize
    if (bytes > zipBounds.bytes) throw bomb(`it inflates to more than ${zipBounds.bytes / MiB} MiB`)
    const ratio = entry.uncompressedSize / Math.max(1, entry.compressedSize)
    if (entry.uncompressedSize > zipBounds.small && ratio > zipBounds.ratio)
      throw bomb(
        `its entry ${entry.fileName} inflates ${Math.floor(ratio)} times; at most ${zipBounds.ratio} times is read`,
      )
    entries.set(entry.fileName, entry)
  }
  return entries
}

const bomb = (message: string) => new Reject('zip_bomb', message)

async function* inflated(stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>
  } catch (error) {
    throw broken(error)
  }
}

const unbroken = async <T>(operation: Promise<T>): Promise<T> => {
  try {
    return await operation
  } catch (error) {
    throw broken(error)
  }
}

const broken = (error: unknown) =>
  error instanceof Reject
    ? error
    : new Reject('broken_zip', `its zip is damaged (${messageOf(error)}); save it anew`, { cause: error })
