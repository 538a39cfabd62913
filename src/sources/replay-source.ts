import { setTimeout as delay } from 'node:timers/promises'
import { Fatal, Wait } from '../runtime/errors.ts'
import {
  type Bite,
  isSourceReject,
  type OpenSource,
  type ReadableSource,
  type Source,
  type SourceDocument,
  type SourceReject,
} from './source.ts'
import { SourceTrouble } from './source-trouble.ts'

/** What a document is made of, as an edit gives it or as it was kept. */
export interface KeptContent {
  readonly title: string
  readonly media_type: string
  readonly metadata: Readonly<Record<string, string>>
  readonly text: string
}

/** A document that a replay loads again. */
export interface ReplayEntry {
  /** Its place in the list of its source, from 0. */
  readonly number: number
  readonly uri: string
  /** Loaded in place of what the source has. */
  readonly edited: KeptContent | null
  /** Loaded where the source has it no more. */
  readonly stored: KeptContent | null
}

/** The port to what replays load. */
export interface ReplayList {
  count(jobId: string, sourceIndex: number): Promise<number>
  /** Entries in the order of their numbers, from `from` on. */
  take(jobId: string, sourceIndex: number, from: number, limit: number): Promise<readonly ReplayEntry[]>
}

/** Opens the sources of runs as they are, and those of replays as the single documents that are to be loaded again. */
export const replayOpener = (open: OpenSource<ReadableSource>, list: ReplayList): OpenSource => {
  const troubles = new Map<string, number>()
  return (job, index) => {
    const opened = open(job, index)
    if (job.kind !== 'replay') return opened
    const perSecond = job.documents_per_second
    if (perSecond === null) throw new Fatal('invalid_source', `Replay ${job.job_id} has no bound of its rate.`)
    const { source } = opened
    return { ...opened, source: replaySource({ source, list, jobId: job.job_id, index, perSecond, troubles }) }
  }
}

interface ReplaySourceOptions {
  readonly source: ReadableSource
  readonly list: ReplayList
  readonly jobId: string
  readonly index: number
  readonly perSecond: number
  /** How often a document was asked for in vain; known to this process alone, so after a restart it is asked for anew. */
  readonly troubles: Map<string, number>
}

/** As often as LOADING tries a bite: a document that cannot be had does not fail the replay of the others. */
const mostTries = 3

const mostDocuments = 256
const mostCharacters = 4 * 1024 * 1024

/**
 * The documents of a replay, in the order of its list; the cursor is the number of the next one. A bite is what the rate
 * allows for a second, one document at least, and takes as long as it allows, so that a replay leaves room for others.
 */
const replaySource = ({ source, list, jobId, index, perSecond, troubles }: ReplaySourceOptions): Source => ({
  total: () => list.count(jobId, index),
  async bite(cursor, signal): Promise<Bite> {
    const from = cursor === null ? 0 : Number(cursor)
    const most = Math.min(mostDocuments, Math.max(1, Math.floor(perSecond)))
    const entries = await list.take(jobId, index, from, most + 1)
    const documents: (SourceDocument | SourceReject)[] = []
    const began = performance.now()
    let characters = 0
    for (const entry of entries.slice(0, most)) {
      signal.throwIfAborted()
      const found = await contentInTime(source, entry, signal)
      // The next bite asks again, and what was read is not read again for it.
      if (found instanceof Error && documents.length > 0) break
      const key = `${jobId} ${index} ${entry.number}`
      const one = found instanceof Error ? inVain(troubles, key, entry, found) : found
      troubles.delete(key)
      if ('text' in one) characters += one.text.length
      documents.push(one)
      if (characters >= mostCharacters) break
    }
    const next = entries[documents.length]?.number ?? null
    if (next !== null) await pass(began + (documents.length / perSecond) * 1000, signal)
    return { documents, next: next === null ? null : String(next) }
  },
})

/** The reject of a document that was asked for often enough; until then, and where it is not about that one, throws. */
const inVain = (
  troubles: Map<string, number>,
  key: string,
  { uri }: ReplayEntry,
  error: Wait | SourceTrouble,
): SourceReject => {
  if (error instanceof Wait || !error.ofOne) throw error
  const tries = (troubles.get(key) ?? 0) + 1
  troubles.set(key, tries)
  if (tries < mostTries) throw error
  return { uri, code: error.code, message: error.message }
}

/** An error where it may pass by the time that it is asked again. */
const contentInTime = async (source: ReadableSource, entry: ReplayEntry, signal: AbortSignal) => {
  try {
    return (await contentOf(source, entry, signal)).document
  } catch (error) {
    if (error instanceof Wait || error instanceof SourceTrouble) return error
    throw error
  }
}

/** The content that a replay loads: what was edited, what the source has now, or what was kept where it has it no more. */
export const contentOf = async (
  source: ReadableSource,
  { uri, edited, stored }: Omit<ReplayEntry, 'number'>,
  signal: AbortSignal,
): Promise<Content> => {
  if (edited) return { from: 'edit', document: documentOf(uri, edited) }
  const found = await source.read(uri, signal)
  if (isSourceReject(found) && found.gone === true && stored)
    return { from: 'stored', document: documentOf(uri, stored) }
  return { from: 'source', document: found }
}

interface Content {
  readonly from: 'edit' | 'source' | 'stored'
  readonly document: SourceDocument | SourceReject
}

const documentOf = (uri: string, { media_type: mediaType, ...content }: KeptContent): SourceDocument => ({
  uri,
  mediaType,
  ...content,
})

/** Waits until a time of the monotonic clock; throws the signal's reason. */
const pass = async (until: number, signal: AbortSignal): Promise<void> => {
  const left = until - performance.now()
  if (left > 0) await delay(left, undefined, { signal }).catch(() => undefined)
  signal.throwIfAborted()
}
