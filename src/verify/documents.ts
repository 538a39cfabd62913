import { runOf } from '../schemas/identity.ts'
import type { Code } from './codes.ts'
import type { DocumentRange, StoredDocument, StoredRows } from './document-ranges.ts'
import type { Finding, Findings } from './findings.ts'
import { isLeftOver } from './owners.ts'

/** Something of a document that differs, with the version that it is about, for whoever repairs it. */
export interface DocumentFinding extends Finding {
  readonly code: Code
  readonly documentId: string
  readonly version: number
}

const none: Omit<StoredRows, 'document_id' | 'version'> = {
  rows: 0,
  nulls: 0,
  zeros: 0,
  empty: 0,
  gap: false,
}

const key = (documentId: string, version: number) => `${documentId}/${version}`

/** Compares the documents of a range with their rows, and names the versions that are nobody's. Pure. */
export const documentFindings = (range: DocumentRange): readonly DocumentFinding[] => {
  const rows = new Map(range.rows.map(one => [key(one.document_id, one.version), one]))
  const noted = new Set(range.versions.map(one => key(one.document_id, one.version)))
  const active = new Map(range.documents.map(one => [one.document_id, one.active_version]))
  return [
    ...range.documents.flatMap(document => {
      const at = key(document.document_id, document.active_version)
      return ofDocument(document, rows.get(at) ?? none, noted.has(at), range.lastRun)
    }),
    ...leftOvers(range, active, rows),
  ]
}

const ofDocument = (
  document: StoredDocument,
  stored: typeof none,
  noted: boolean,
  lastRun: number,
): readonly DocumentFinding[] => {
  const { document_id, uri, active_version: version, chunks, stubs, deleted, marked } = document
  const expected = deleted ? 0 : chunks
  const found: DocumentFinding[] = []
  const add = (code: Code, wanted: number | string, actual: number | string, message: string, repairable = !marked) =>
    found.push({
      ...{ code, documentId: document_id, version, where: { document_id, uri }, message, repairable },
      ...{ expected: wanted, found: actual },
    })
  const hint = marked ? ' It is marked: the next run of its source makes it anew.' : ''

  if (runOf(version) > lastRun)
    add(
      'version_ahead',
      `a version of run ${lastRun} or earlier`,
      `version ${version}, of run ${runOf(version)}`,
      `${uri} stands at a version of a run that there has not been: what later runs bring counts as older.`,
    )
  if (stored.rows !== expected || (deleted && chunks !== 0))
    add('chunk_count', expected, stored.rows, `${uri} has ${stored.rows} of its ${expected} chunks.${hint}`)
  else if (stored.gap)
    add('position_gap', 'positions that count from 0', 'a gap', `The chunks of ${uri} are not in one piece.${hint}`)
  if (stored.nulls > stubs)
    add(
      'vector_missing',
      `${stubs} chunks without a vector`,
      stored.nulls,
      `${stored.nulls - stubs} chunks of ${uri} have lost their vectors.${hint}`,
    )
  else if (stored.nulls < stubs && stored.rows === expected)
    add('stub_count', stored.nulls, stubs, `${uri} is said to have ${stubs} stubs and has ${stored.nulls}.`, true)
  const each = [
    ['vector_zero', stored.zeros, 'with a vector of zeros, which is near to nothing'],
    ['text_missing', stored.empty, 'without text'],
  ] as const
  for (const [code, count, what] of each)
    if (count > 0) add(code, 0, count, `${uri} has ${count} chunks ${what}.${hint}`)
  if (stored.rows > 0 && !noted)
    add('version_unnoted', 'a note of the version', 'none', `Version ${version} of ${uri} would never be pruned.`, true)
  return found
}

/** Versions with rows, or noted, that are neither active nor of a job that may still write them. */
const leftOvers = (
  { versions, rows: counted, owners }: DocumentRange,
  active: ReadonlyMap<string, number>,
  rows: ReadonlyMap<string, StoredRows>,
): readonly DocumentFinding[] => {
  const all = new Map([...versions, ...counted].map(one => [key(one.document_id, one.version), one]))
  return [...all.values()]
    .filter(one => isLeftOver(one.version, active.get(one.document_id) ?? null, owners))
    .map(({ document_id, version }) => {
      const count = rows.get(key(document_id, version))?.rows ?? 0
      return {
        code: 'version_left_over',
        documentId: document_id,
        version,
        where: { document_id },
        expected: 'no rows',
        found: `version ${version} with ${count} rows`,
        message: `Version ${version} of document ${document_id} is not what readers see, and no job owns it.`,
      }
    })
}

/** Adds what differs in a range, and what of it readers see. */
export const checkDocuments = (range: DocumentRange, findings: Findings): void => {
  const rows = new Map(range.rows.map(one => [key(one.document_id, one.version), one.rows]))
  findings.checked.documents += range.documents.filter(one => !one.deleted).length
  for (const { document_id, active_version } of range.documents)
    findings.checked.chunks += rows.get(key(document_id, active_version)) ?? 0
  for (const { code, ...finding } of documentFindings(range)) findings.add(code, finding)
}
