import { codeOf, messageOf } from '../runtime/errors.ts'
import { invalidRequest, notFound } from './api-error.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Looking at what is stored, and deleting it. */
export const knowledgeBaseHandlers = ({
  catalogue,
  deletions,
}: ApiPorts): Pick<Handlers, 'knowledgeBases' | 'knowledgeBase' | 'deleteKnowledgeBase' | 'documents'> => ({
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

const badCursor = (error: unknown): never => {
  if (codeOf(error) === 'bad_cursor') throw invalidRequest([{ path: 'query.after', message: messageOf(error) }])
  throw error
}
