import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, messageOf } from '../runtime/errors.ts'

/** One file of a folder, or what keeps an entry from being read. */
export interface Listed {
  /** Relative to the folder, with '/'. */
  readonly path: string
  readonly refused?: { readonly code: string; readonly message: string }
}

/** In the order of their paths (by code unit), so that a path says how far a reader is. */
export type Listing = readonly Listed[]

export interface WalkOptions {
  /** A real path. */
  readonly folder: string
  readonly wanted: (path: string) => boolean
  readonly signal: AbortSignal
  /** The real path a link leads to; throws an error with a code where it may not be followed. */
  readonly resolveLink: (path: string) => Promise<string>
}

/**
 * Lists a folder with all below it; hidden folders and files are left out. Links are followed once all that is no link
 * is listed, and only to what is not listed yet: no file and no folder comes twice, and a circle of links ends.
 */
export const walk = async (options: WalkOptions): Promise<Listing> => {
  const found: Listed[] = []
  const folders: Place[] = [{ path: '', real: options.folder }]
  const links: string[] = []
  const listed = new Set<string>()
  const take = (kind: 'file' | 'folder', place: Place) => {
    if (kind === 'folder') folders.push(place)
    else if (options.wanted(place.path) && !listed.has(place.real)) {
      listed.add(place.real)
      found.push({ path: place.path })
    }
  }
  for (;;) {
    options.signal.throwIfAborted()
    const folder = folders.pop()
    if (folder !== undefined) {
      if (listed.has(folder.real)) continue
      listed.add(folder.real)
      for (const entry of await entriesOf(options, folder, found)) {
        if (entry.name.startsWith('.')) continue
        const path = folder.path === '' ? entry.name : `${folder.path}/${entry.name}`
        if (entry.isSymbolicLink()) links.push(path)
        else take(kindOf(entry), { path, real: join(folder.real, entry.name) })
      }
      links.sort().reverse()
      continue
    }
    const link = links.pop()
    if (link === undefined) break
    const behind = await behindLink(options, link, found)
    if (behind) take(behind.kind, { path: link, real: behind.real })
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

interface Place {
  readonly path: string
  readonly real: string
}

/** What is neither folder nor link is taken for a file: the opener refuses pipes and devices by name. */
const kindOf = (entry: { isDirectory(): boolean }) => (entry.isDirectory() ? 'folder' : 'file')

const entriesOf = async ({ folder }: WalkOptions, { path }: Place, found: Listed[]): Promise<readonly Dirent[]> => {
  const full = join(folder, path)
  try {
    return await readdir(full, { withFileTypes: true })
  } catch (error) {
    if (path === '') throw error
    found.push(refusal(path, error, `${full} cannot be listed: ${messageOf(error)}.`))
    return []
  }
}

/** Where a link leads; one that may not be followed is listed as refused, if a reader would want what it names. */
const behindLink = async ({ folder, wanted, resolveLink }: WalkOptions, path: string, found: Listed[]) => {
  const link = join(folder, path)
  try {
    const real = await resolveLink(link)
    return { real, kind: kindOf(await stat(real)) } as const
  } catch (error) {
    const leadsToFolder = await stat(link).then(kindOf, () => 'file')
    if (wanted(path) || leadsToFolder === 'folder') found.push(refusal(path, error, messageOf(error)))
    return null
  }
}

/** Codes of the operating system become one of ours; the message keeps the detail. */
const refusal = (path: string, error: unknown, message: string): Listed => {
  const code = codeOf(error)
  return { path, refused: { code: /^E[A-Z]/.test(code) ? 'unreadable' : code, message } }
}
