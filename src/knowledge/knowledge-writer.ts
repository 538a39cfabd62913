import type { PoolClient } from 'pg'
import { Reject } from '../runtime/errors.ts'
import type { DocumentEnd } from '../schemas/document-end.ts'
import { settingsHash } from '../schemas/identity.ts'
import type { Vector } from '../schemas/vector.ts'
import { type ChunkRow, rowOf } from './chunk-rows.ts'
import type { ChunkWriter } from './chunk-writers.ts'
import type { KnowledgeWriter } from './knowledge-base.ts'
import { makerOf, noteMaker } from './maker.ts'
import { storedBase } from './settings.ts'
import {
  activeVersions,
  addParts,
  type Complete,
  countRows,
  type DocumentVersion,
  dropVersions,
  flip,
  noteVersions,
  versionKey,
} from './versions.ts'

const versionOf = (record: Vector | DocumentEnd): DocumentVersion => ({
  documentId: record.document_id,
  version: record.version,
})

/** A document whose last end has come: what it should have, and where in the slice to say that it has not. */
interface Ended {
  readonly end: DocumentEnd
  readonly index: number
  readonly expected: number
}

/** Binds the writer of INDEXING to one transaction; `writeChunks` is the way in which the database takes rows best. */
export const createKnowledgeWriter = (
  client: PoolClient,
  writeChunks: ChunkWriter,
  code = 'unknown',
): KnowledgeWriter => ({
  async write(job, records, lineageOf = () => nowhere) {
    const rejects = new Map<number, Reject>()
    const kb = await storedBase(client, job.kb_id)
    const active = await activeVersions(
      client,
      kb,
      records.map(record => record.document_id),
    )
    const stale = (record: Vector | DocumentEnd) => record.version <= (active.get(record.document_id) ?? -1)

    const rows: ChunkRow[] = []
    const ends: { readonly end: DocumentEnd; readonly index: number }[] = []
    const dropped: DocumentVersion[] = []
    for (const [index, record] of records.entries()) {
      if (stale(record)) {
        // Rows of it may have come before the newer version was complete.
        if (record.type === 'document_end' && record.version !== active.get(record.document_id))
          dropped.push(versionOf(record))
      } else if (record.type === 'document_end') ends.push({ end: record, index })
      else {
        const row = rowOf(record, kb.dimensions)
        if (row instanceof Reject) rejects.set(index, row)
        else rows.push(row)
      }
    }
    await noteVersions(client, kb, rows)
    await writeChunks(client, kb.number, rows)

    const parts = await addParts(
      client,
      kb,
      ends.flatMap(({ end }) => (end.parts > 1 ? [end] : [])),
    )
    const ended = endedOf(ends, parts)
    const present = await countRows(
      client,
      kb,
      ended.map(({ end }) => versionOf(end)),
    )
    const winners = new Map<string, Complete>()
    for (const { end, index, expected } of ended) {
      const version = versionOf(end)
      const { rows: found, stubs } = present.get(versionKey(version))!
      const winner = winners.get(end.document_id)
      if (found !== expected) {
        rejects.set(index, incomplete(end, expected, found))
        dropped.push(version)
      } else if (winner && winner.end.version > end.version) dropped.push(version)
      else {
        if (winner && winner.end.version < end.version) dropped.push(versionOf(winner.end))
        winners.set(end.document_id, { end, chunks: expected, stubs, ...lineageOf(end) })
      }
    }
    const makerId = winners.size === 0 ? '' : await noteMaker(client, makerOf(code, job))
    const made = { settingsHash: settingsHash(job), jobId: job.job_id, makerId }
    const moved = await flip(client, kb, made, [...winners.values()])
    for (const [documentId, { end }] of winners) {
      const replaced = active.get(documentId)
      if (!moved.has(documentId)) dropped.push(versionOf(end))
      // A stream has no FINISHING that would prune it.
      else if (job.kind === 'stream' && replaced !== undefined) dropped.push({ documentId, version: replaced })
    }
    await dropVersions(client, kb, dropped)
    return rejects
  },
})

const nowhere = { traceparent: null, origin: null } as const

/** The documents that are complete with the ends of this slice, each at its last end. */
const endedOf = (
  ends: readonly { readonly end: DocumentEnd; readonly index: number }[],
  parts: ReadonlyMap<string, Readonly<Record<string, number>>>,
): readonly Ended[] => {
  const ended = new Map<string, Ended>()
  for (const { end, index } of ends) {
    const key = versionKey(versionOf(end))
    if (end.parts <= 1) ended.set(key, { end, index, expected: end.chunks })
    else {
      const counts = Object.values(parts.get(key)!)
      if (counts.length >= end.parts)
        ended.set(key, { end, index, expected: counts.reduce((sum, chunks) => sum + chunks, 0) })
    }
  }
  return [...ended.values()]
}

const incomplete = ({ uri, version }: DocumentEnd, expected: number, found: number): Reject =>
  new Reject(
    'incomplete_document',
    `${uri} has ${found} of its ${expected} chunks in the store; version ${version} was dropped and the one before it ` +
      'still answers. The other dead letters of this document say what became of the rest.',
  )
