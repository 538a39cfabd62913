import { z } from 'zod'
import { pathOrUploads } from './files.ts'
import { mapping } from './mapping.ts'

const path = (what: string) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(4096, 'must have at most 4096 characters')
    .refine(text => !text.includes('\0'), { error: 'must not contain a NUL character' })
    .describe(what)

/** Tables, by an explicit mapping of the columns of files to the columns of tables. */
export const structuredSpec = z
  .strictObject({
    type: z.literal('structured'),
    path: path(
      'The folder of the files, or the one file, below an allowed root; relative to the first root.',
    ).optional(),
    uploads: z.literal(true).optional().describe('What was uploaded for the knowledge base, instead of `path`.'),
    mapping: mapping.optional().describe('The mapping itself; or `mapping_file`.'),
    mapping_file: path(
      'A file with the mapping, YAML or JSON, below an allowed root; with `uploads`, one of them.',
    ).optional(),
    max_bad_rows: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(10_000)
      .describe('Rows of a table that may be rejected; with more the job fails, for the mapping is likely wrong.'),
  })
  .check(pathOrUploads)
  .refine(spec => (spec.mapping === undefined) !== (spec.mapping_file === undefined), {
    error: 'needs either `mapping` or `mapping_file`',
    path: ['mapping'],
  })

export type StructuredSpec = z.output<typeof structuredSpec>
