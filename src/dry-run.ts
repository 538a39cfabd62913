import type { Examined } from './api/contract/dead-letters.ts'
import type { ApiPorts, Catalogue } from './api/ports.ts'
import { chunkText } from './chunking/chunk-text.ts'
import { splitIntoParts } from './chunking/parts.ts'
import type { ReplayDocument } from './coordinator/dead-letters.ts'
import { Wait } from './runtime/errors.ts'
import type { LaneJob } from './schemas/lane-control.ts'
import { contentOf } from './sources/replay-source.ts'
import {
  isSourceReject,
  type OpenSource,
  type ReadableSource,
  type SourceDocument,
  type SourcesOf,
} from './sources/source.ts'
import { SourceTrouble } from './sources/source-trouble.ts'

/** A job of sources that nobody has admitted. */
export const ofSources = (sources: readonly object[], { job_id = '', kb_id = '' } = {}): SourcesOf => ({
  job_id,
  kb_id,
  run: 0,
  kind: 'run',
  sources: sources.map(source => JSON.stringify(source)),
  documents_per_second: null,
})

/** The identity of a source inside a kb, as its documents carry it. */
export const idOf = (open: OpenSource, source: object): string => open(ofSources([source]), 0).id

/** Loads and cuts the first documents of a replay as LOADING and CHUNKING would, and writes nothing. */
export const dryRun =
  (open: OpenSource<ReadableSource>, catalogue: Pick<Catalogue, 'get'>): ApiPorts['dryRun'] =>
  async ({ job_id, kb_id, sources, documents }, { limit, content: wanted, signal }) => {
    const kb = await catalogue.get(kb_id)
    if (kb === null) throw new Error(`Job ${job_id} has no knowledge base ${kb_id}.`)
    const examined: Examined[] = []
    for (const one of documents.slice(0, limit)) {
      signal.throwIfAborted()
      const { source } = open(ofSources(sources, { job_id, kb_id }), one.source_index)
      const { from, document } = await asked(source, one, signal)
      const about = { ...named(one), from }
      if (isSourceReject(document)) {
        const { code, message } = document
        examined.push({ ...about, outcome: 'rejects', chunks: null, code, message, content: null })
      } else {
        const chunks = await chunksOf(document, kb.chunking)
        const content = wanted ? bodyOf(document) : null
        examined.push({ ...about, outcome: 'loads', chunks, code: null, message: null, content })
      }
    }
    return examined
  }

/** A replay would ask again where it is told why not now. */
const asked: typeof contentOf = async (source, one, signal) => {
  try {
    return await contentOf(source, one, signal)
  } catch (error) {
    if (!(error instanceof Wait || error instanceof SourceTrouble)) throw error
    const { code, message } = error
    return { from: 'source', document: { uri: one.uri, code, message: `${message} A replay asks again.` } }
  }
}

const named = ({ document_id, uri, dead_letters }: ReplayDocument) => ({ document_id, uri, dead_letters })

/** How many chunks a document becomes. */
export const chunksOf = async ({ text, mediaType }: SourceDocument, settings: LaneJob['chunking']): Promise<number> => {
  let chunks = 0
  for (const part of splitIntoParts(text, mediaType)) {
    chunks += chunkText({ text: part.text, mediaType, headings: part.headings }, settings).length
    // Others ask this process too.
    await new Promise<void>(resolve => {
      setImmediate(resolve)
    })
  }
  return chunks
}

const bodyOf = ({ title, mediaType: media_type, metadata, text }: SourceDocument) => ({
  ...{ title, media_type, metadata, text },
})
