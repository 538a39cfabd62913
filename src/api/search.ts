import type { SearchHit, SearchQuery } from '../knowledge/knowledge-base.ts'
import type { EmbeddingSettings } from '../models/model.ts'
import { codeOf, Fatal, Reject, Wait } from '../runtime/errors.ts'
import { readTraceparent } from '../schemas/trace-context.ts'
import { ApiError, invalidRequest, notFound, notNow } from './api-error.ts'
import type { SearchAnswer } from './contract/answers.ts'
import type { SearchRequest } from './contract/requests.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** How long a query may wait for its vector. */
const embedWithinMs = 30_000

/** Searching a knowledge base: the query is embedded as its chunks were. */
export const searchHandlers = (ports: ApiPorts): Pick<Handlers, 'search'> => ({
  search: {
    async answer({ body }, { signal, trace }) {
      const kb = await ports.catalogue.get(body.kb_id)
      if (kb === null) throw notFound('knowledge base', body.kb_id)
      const vector = body.mode === 'text' ? null : await embed(ports, kb.embedding, body.query, signal)
      const hits = await ports.knowledge.search(queryOf(body, vector)).catch(error => {
        // It was deleted since it was asked for.
        throw codeOf(error) === 'unknown_knowledge_base' ? notFound('knowledge base', body.kb_id) : error
      })
      trace.link(hits.flatMap(({ traceparent }) => traceparent ?? []))
      return { status: 200, body: { hits: hits.map(hitBody) } }
    },
  },
})

const embed = async (ports: ApiPorts, settings: EmbeddingSettings, query: string, caller: AbortSignal) => {
  const signal = AbortSignal.any([caller, AbortSignal.timeout(embedWithinMs)])
  try {
    const [vector] = await ports.embedder(settings).embed([query], signal)
    if (vector?.length !== settings.dimensions)
      throw new Error(`The model gave ${vector?.length ?? 'no'} numbers where ${settings.dimensions} were expected.`)
    return vector
  } catch (error) {
    throw refusal(error, settings)
  }
}

const refusal = (error: unknown, { provider, model }: EmbeddingSettings): unknown => {
  const who = `The embedding model ${provider}:${model}`
  if (error instanceof Reject) return invalidRequest([{ path: 'query', message: error.message }])
  if (error instanceof Wait)
    return notNow('model_limited', `${who}: ${error.message}`, error.retryAfterMs / 1000, error)
  if (error instanceof Fatal)
    return new ApiError(502, 'model_refused', `${who} cannot be used: ${error.message}`, { cause: error })
  return notNow('model_unavailable', `${who} does not answer. Search again later, or with mode "text".`, 5, error)
}

const queryOf = ({ kb_id, mode, query, top_k, filters }: SearchRequest, vector: Float32Array | null): SearchQuery => ({
  kb: kb_id,
  mode,
  text: query,
  vector,
  topK: top_k,
  filters: {
    ...(filters.source === undefined ? {} : { source: filters.source }),
    ...(filters.uri_prefix === undefined ? {} : { uriPrefix: filters.uri_prefix }),
    ...(filters.document_id === undefined ? {} : { documentId: filters.document_id }),
  },
})

const hitBody = (hit: SearchHit): SearchAnswer['hits'][number] => ({
  score: hit.score,
  text: hit.text,
  uri: hit.uri,
  title: hit.title,
  heading_path: hit.headingPath,
  position: hit.position,
  offset: hit.offset,
  document_id: hit.documentId,
  chunk_id: hit.chunkId,
  version: hit.version,
  trace_id: readTraceparent(hit.traceparent)?.traceId ?? null,
})
