import { createHash, hash } from 'node:crypto'
import type { LaneJob } from './lane-control.ts'

/** How documents, chunks, sources and settings are named: pure functions of content, so that a repeat gives the same. */

/** A unit separator between fields, so that ('ab', 'c') and ('a', 'bc') differ. */
const joined = (...fields: readonly (string | number)[]): string => fields.join('\u001f')

const short = (text: string): string => hash('sha256', text).slice(0, 32)

/** 32 hex digits; the same for a document of the same source and address in every run of a kb. */
export const documentId = (kb: string, source: string, uri: string): string =>
  short(joined('document', kb, source, uri))

/**
 * 32 hex digits, stable across versions of a document as long as the text of the chunk stays, so that it can be cited.
 * `part` is null for a document that travels whole; `occurrence` counts equal texts before this one in the part.
 */
export const chunkId = (document: string, part: number | null, text: string, occurrence: number): string =>
  short(joined('chunk', document, part ?? '', hash('sha256', text), occurrence))

/**
 * The W3C trace id of a document's way through a job, 32 hex digits: a function of the two, so that each of its records
 * has it and a repeated bite of LOADING begins no second one.
 */
export const traceIdOf = (job: string, document: string): string => short(joined('trace', job, document))

/** The version of the `ordinal`-th document of a kb's run; larger wins; below 2^53 up to run 2^21. */
export const versionOf = (run: number, ordinal: number): number => run * versionsOfRun + ordinal

/** The run that a version is of. */
export const runOf = (version: number): number => Math.floor(version / versionsOfRun)

/** The bound of ordinals. */
export const versionsOfRun = 2 ** 32

/** The lane of a document: the same in every run that has the same lanes. */
export const laneOf = (document: string, lanes: readonly number[]): number => {
  const lane = lanes[Number.parseInt(document.slice(0, 8), 16) % lanes.length]
  if (lane === undefined) throw new RangeError('a job owns at least one lane')
  return lane
}

/**
 * Identity of a source inside a kb: what it is and where, not how it is filtered, so that narrowing `include` keeps the
 * documents that stay. Readable, because search can filter by it: `markdown:/srv/docs`.
 */
export const sourceIdOf = (spec: { readonly type: string; readonly path: string }): string =>
  `${spec.type}:${spec.path.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '')}`

/** Identity of the source that upstream systems publish to: one a kb. */
export const eventsSource = 'events'

/** SHA-256, 64 hex digits, of all that a reader sees of a document. */
export const contentHash = (content: {
  readonly title: string
  readonly mediaType: string
  readonly text: string
  readonly metadata: Readonly<Record<string, string>>
}): string => {
  const metadata = Object.entries(content.metadata).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([content.title, content.mediaType, metadata]))
    .update(content.text)
    .digest('hex')
}

/**
 * SHA-256, 64 hex digits, of the settings that chunks and vectors of a job are made with; a document whose content
 * and settings are unchanged goes no further.
 */
export const settingsHash = (job: Pick<LaneJob, 'chunking' | 'embedding'>): string => {
  const { strategy, chunk_size, chunk_overlap } = job.chunking
  const { provider, model, dimensions } = job.embedding
  return hash('sha256', joined(chunkerRevision, strategy, chunk_size, chunk_overlap, provider, model, dimensions))
}

/** Raised when the same text and settings give other chunks than before, so that a next run makes them anew. */
export const chunkerRevision = 1
