/** Looking at what a source would yield. */
import { z } from 'zod'
import { requestedSource } from './refresh.ts'
import { chunking } from './requests.ts'
import { checkedTable } from './tables.ts'

export const previewRequest = z.strictObject({
  source: requestedSource
    .refine(({ type }) => type !== 'events', {
      error: 'of events there is nothing to preview: they are sent by upstream systems',
    })
    .refine(source => !('uploads' in source && source.uploads), {
      path: ['uploads'],
      error: 'have no preview: they are those of a knowledge base',
    }),
  limit: z
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe('Documents and rejects in all, at most; of a source of tables, rows and rejects.'),
  chunking: chunking.optional().describe('By which chunks are counted; markdown, 512, 64 unless stated.'),
})

const count = z.int().min(0)

const previewed = z.object({
  uri: z.string(),
  title: z.string(),
  media_type: z.string(),
  characters: count,
  chunks: count,
  begins: z.string().describe('The first characters of its text.'),
  metadata: z.record(z.string(), z.string()).readonly(),
})

const rejected = z.object({ uri: z.string(), code: z.string(), message: z.string() })

export const preview = z.object({
  source: z.string().describe('Identity of the source inside a knowledge base.'),
  total: count
    .nullable()
    .describe('Documents, or rows of tables, in all; null where the source cannot know, or did not say in time.'),
  documents: z.array(previewed).readonly(),
  tables: z
    .array(checkedTable.omit({ rejected: true }))
    .readonly()
    .describe('Of a source of tables: the first rows, a file after the other.'),
  rejected: z.array(rejected).readonly(),
  unlisted: z.array(z.string()).readonly().describe('What of the source could not be listed.'),
  stopped: z
    .enum(['limit', 'characters', 'time'])
    .nullable()
    .describe('What ended the preview before the source did; null where this is all of it.'),
})

export type PreviewBody = z.input<typeof previewRequest>
export type PreviewRequest = z.output<typeof previewRequest>
export type Preview = z.output<typeof preview>
