import { z } from 'zod'
import { Fatal } from '../../runtime/errors.ts'

/** How far the reading of a source of tables is. */
const cursor = z.strictObject({
  /** Which mapping it was begun with. */
  mapping: z.string(),
  /** Which table, and which of its files, from 0. */
  table: z.int(),
  file: z.int(),
  /** In bytes, of a sheet the number of a row; null before the first row of the file. */
  offset: z.int().nullable(),
  /** Rows of the file that were read. */
  row: z.int(),
  /** What the file was when it was begun; null before. */
  identity: z.string().nullable(),
  /** Rows of the table that were sent, and that were rejected. */
  sent: z.int(),
  rejected: z.int(),
  /** The uris of its files so far. */
  files: z.array(z.string()),
})
export type Cursor = z.output<typeof cursor>

export const firstOf = (mapping: string, table: number): Cursor => ({
  ...{ mapping, table, file: 0, offset: null, row: 0, identity: null, sent: 0, rejected: 0, files: [] },
})

export const parseCursor = (text: string): Cursor => {
  const parsed = cursor.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  throw new Fatal('invalid_cursor', `The cursor of a structured source cannot be read: ${text}.`, {
    cause: parsed.error,
  })
}
