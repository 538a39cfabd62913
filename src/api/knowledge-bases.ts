import { codeOf, messageOf } from '../runtime/errors.ts'
import { deleting, invalidRequest, notFound } from './api-error.ts'
import type { KnowledgeBase } from './contract/answers.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Looking at what is stored, and deleting it. */
export const knowledgeBaseHandlers = ({
  catalogue,
  deletions,
  kbSettings,
}: ApiPorts): Pick<
  Handlers,
  'knowledgeBases' | 'knowledgeBase' | 'changeKnowledgeBase' | 'deleteKnowledgeBase' | 'documents'
> => ({
  knowledgeBases: {
    async answer({ query: { limit, after } }) {
      return { status: 200, body: await catalogue.list({ limit, after: after ?? null }) }
    },
  },
  knowledgeBase: {
    async answer({ params: { kb_id } }) {
      const kb = await catalogue.get(kb_id)
      if (kb === null) throw notFound('knowledge base', kb_id)
      return { status: 200, body: kb }
    },
  },
  changeKnowledgeBase: {
    async answer({ params: { kb_id }, body }) {
      const changed = await kbSettings.change(kb_id, body)
      if (changed?.outcome === 'deleting') throw deleting(kb_id)
      if (changed?.outcome === 'overlap') throw tooMuchOverlap(changed.chunking)
      const kb = changed && (await catalogue.get(kb_id))
      if (kb === null) throw notFound('knowledge base', kb_id)
      return { status: 200, body: kb }
    },
  },
  deleteKnowledgeBase: {
    async answer({ params: { kb_id } }) {
      const deletion = await deletions.ask(kb_id)
      if (deletion === null) throw notFound('knowledge base', kb_id)
      return { status: 202, body: deletion }
    },
  },
  documents: {
    async answer({ params: { kb_id }, query: { limit, after } }) {
      const page = await catalogue.documents(kb_id, { limit, after: after ?? null }).catch(badCursor)
      if (page === null) throw notFound('knowledge base', kb_id)
      return { status: 200, body: page }
    },
  },
})

const tooMuchOverlap = ({ chunk_size, chunk_overlap }: KnowledgeBase['chunking']) => {
  const message = `must be smaller than chunk_size: it would be ${chunk_overlap}, of ${chunk_size}; state both`
  return invalidRequest([{ path: 'chunking.chunk_overlap', message }])
}

const badCursor = (error: unknown): never => {
  if (codeOf(error) === 'bad_cursor') throw invalidRequest([{ path: 'query.after', message: messageOf(error) }])
  throw error
}
