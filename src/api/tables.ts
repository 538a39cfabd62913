import { codeOf, messageOf } from '../runtime/errors.ts'
import { invalidRequest, notFound } from './api-error.ts'
import { reading } from './at-once.ts'
import { conditionsOf } from './contract/tables.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Looking at tables, and trying mappings. */
export const tableHandlers = ({
  tables,
  structured,
  atOnce,
}: ApiPorts): Pick<Handlers, 'tables' | 'table' | 'tableRows' | 'checkStructured'> => ({
  tables: {
    async answer({ params: { kb_id } }) {
      const found = await tables.list(kb_id)
      if (found === null) throw notFound('knowledge base', kb_id)
      return { status: 200, body: { tables: found } }
    },
  },
  table: {
    async answer({ params: { kb_id, table } }) {
      const found = await tables.get(kb_id, table)
      if (found === null) throw notFound(`table in ${kb_id}`, table)
      return { status: 200, body: found }
    },
  },
  tableRows: {
    async answer({ params: { kb_id, table }, query: { limit, after, where } }) {
      const query = { limit, after: after ?? null, where: (where !== undefined && conditionsOf(where)) || {} }
      const found = await tables.rows(kb_id, table, query).catch(badQuery)
      if (found === null) throw notFound(`table in ${kb_id}`, table)
      return { status: 200, body: found }
    },
  },
  checkStructured: {
    async answer({ body: { source, rows, kb_id } }, { signal }) {
      const look = () => reading('source', () => structured.check(source, rows, signal, kb_id ?? null))
      const found = await atOnce.run(look)
      if ('mistakes' in found)
        throw invalidRequest(found.mistakes.map(({ path, message }) => ({ path: `source.${path}`, message })))
      return { status: 200, body: found }
    },
  },
})

const fields: Readonly<Record<string, string>> = { bad_cursor: 'query.after', bad_filter: 'query.where' }

const badQuery = (error: unknown): never => {
  const path = fields[codeOf(error)]
  if (path !== undefined) throw invalidRequest([{ path, message: messageOf(error) }])
  throw error
}
