/** Tables, and the mappings that fill them. */
import { z } from 'zod'
import { structuredSpec } from '../../sources/specs/structured.ts'
import { byKb, kbId } from './requests.ts'
import { busy, invalid, noKb, route } from './route.ts'
import { byTable, rowPage, rowsQuery, structuredCheck, tableList, tableSummary } from './tables.ts'

const noTable = { 404: 'There is no such table.' } as const
const ofTable = { method: 'GET', tag: 'knowledge bases', params: byTable } as const

export const structuredCheckRequest = z
  .object({
    source: structuredSpec,
    rows: z.int().min(0).max(100).default(5),
    kb_id: kbId.optional().describe('Whose uploads they are, where the source says `uploads: true`.'),
  })
  .strict()
  .refine(({ source, kb_id }) => source.uploads === undefined || kb_id !== undefined, {
    path: ['kb_id'],
    error: 'must be given: uploads are those of a knowledge base',
  })

export const tableRoutes = {
  tables: route({
    method: 'GET',
    path: '/api/knowledge-bases/{kb_id}/tables',
    tag: 'knowledge bases',
    summary: 'Tables of a knowledge base',
    params: byKb,
    answer: tableList,
    statuses: { 200: 'All of them.' },
    errors: noKb,
  }),
  table: route({
    ...ofTable,
    path: '/api/knowledge-bases/{kb_id}/tables/{table}',
    summary: 'A table: its columns, its counts, and where it comes from',
    answer: tableSummary,
    statuses: { 200: 'The table.' },
    errors: noTable,
  }),
  tableRows: route({
    ...ofTable,
    path: '/api/knowledge-bases/{kb_id}/tables/{table}/rows',
    summary: 'Rows of a table, page by page',
    query: rowsQuery,
    answer: rowPage,
    statuses: { 200: 'One page.' },
    errors: { ...noTable, ...invalid },
  }),
  checkStructured: route({
    method: 'POST',
    path: '/api/structured/check',
    tag: 'ingestion',
    summary: 'Hold a mapping against its files, and show the first rows as they would be typed',
    body: structuredCheckRequest,
    answer: structuredCheck,
    statuses: { 200: 'It fits.' },
    errors: { ...invalid, ...busy },
  }),
} as const
