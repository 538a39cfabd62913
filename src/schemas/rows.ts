import { type Infer, type RecordSchema, tag } from './avro.ts'

/** Rows of a table, checked and typed by LOADING: a batch for one lane, from one bite of one file. */
export const rows = {
  type: 'record',
  name: 'Rows',
  namespace: 'penstock',
  doc: 'Rows of a table, checked and typed: a batch for one lane, in the order of their file.',
  fields: [
    tag('rows'),
    { name: 'job_id', type: 'string' },
    { name: 'source', type: 'string', doc: 'Identity of the source inside the kb.' },
    { name: 'table', type: 'string' },
    {
      name: 'columns',
      type: 'string',
      doc: 'The columns as JSON: [{name, type, nullable, key}], in the order of cells.',
    },
    { name: 'file', type: 'int', doc: 'Which of the files of the table, from 0.' },
    { name: 'uri', type: 'string', doc: 'Of the file.' },
    {
      name: 'rows',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'TableRow',
          fields: [
            { name: 'row', type: 'long', doc: 'Number in the file, from 1; header and skipped rows are not counted.' },
            {
              name: 'cells',
              type: { type: 'array', items: ['null', 'string'] },
              doc: "A value each column, in the text form that PostgreSQL reads for the column's type.",
            },
          ],
        },
      },
    },
  ],
} as const satisfies RecordSchema

export type Rows = Infer<typeof rows>
