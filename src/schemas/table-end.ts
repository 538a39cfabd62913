import { type Infer, type RecordSchema, tag } from './avro.ts'

/** The record after a table's last row, in the first lane of the job: what there should be when all lanes are done. */
export const tableEnd = {
  type: 'record',
  name: 'TableEnd',
  namespace: 'penstock',
  doc: "The record after a table's last row, in the job's first lane.",
  fields: [
    tag('table_end'),
    { name: 'job_id', type: 'string' },
    { name: 'source', type: 'string', doc: 'Identity of the source inside the kb.' },
    { name: 'table', type: 'string' },
    { name: 'columns', type: 'string', doc: 'As in its rows.' },
    { name: 'files', type: { type: 'array', items: 'string' }, doc: 'The uris of its files.' },
    { name: 'rows', type: 'long', doc: 'Rows that LOADING sent, over all lanes.' },
    { name: 'rejected', type: 'long', doc: 'Rows that LOADING rejected.' },
  ],
} as const satisfies RecordSchema

export type TableEnd = Infer<typeof tableEnd>
