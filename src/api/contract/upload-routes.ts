import { z } from 'zod'
import { byKb, kbId, limit } from './requests.ts'
import { invalid, route } from './route.ts'

const deepest = 16
const parts = (path: string) => path.split('/')

/** Where a file is kept below the uploads of its knowledge base. */
export const uploadPath = z
  .string()
  .min(1, 'must not be empty')
  .max(1024, 'must have at most 1024 characters')
  .refine(path => parts(path).every(part => part !== '' && !part.startsWith('.')), {
    error: "must be names joined by single '/', none of which begins with '.'",
  })
  .refine(path => !/[\p{Cc}\\]/u.test(path), { error: "must not contain '\\' or control characters" })
  .refine(path => parts(path).every(part => Buffer.byteLength(part) <= 255), {
    error: 'must have names of at most 255 bytes',
  })
  .refine(path => parts(path).length <= deepest, { error: `must have at most ${deepest} folders` })

const byUpload = z.strictObject({ kb_id: kbId, path: uploadPath })

const bytes = z.int().min(0)
export const stored = z.object({ path: z.string(), bytes, sha256: z.string().describe('64 hex digits.') })
export const uploadList = z.object({
  uploads: z.array(z.object({ path: z.string(), bytes, modified_at: z.iso.datetime() })).readonly(),
  next: z.string().nullable().describe('`after` of the next page; null on the last one.'),
})

const uploadsQuery = z.strictObject({
  limit: limit(100, 1000),
  after: z.string().min(1).max(1024).optional().describe('`next` of the page before.'),
})

export const uploadRoutes = {
  upload: route({
    method: 'PUT',
    path: '/api/knowledge-bases/{kb_id}/uploads/{path}',
    pathRest: true,
    tag: 'uploads',
    summary:
      'Keep a file for a knowledge base: its bytes are the body; read it with a source that says `uploads: true`',
    params: byUpload,
    octets: true,
    answer: stored,
    statuses: { 200: 'It is kept, in place of one of the same path.' },
    errors: {
      ...invalid,
      400: 'It did not arrive whole.',
      408: 'Nothing of it arrived for a minute.',
      409: 'A folder has its name, or a file that of its folder (path_taken); or the knowledge base is of another tenant (kb_taken).',
      413: 'It is larger than PENSTOCK_MAX_UPLOAD_BYTES, or past PENSTOCK_UPLOAD_QUOTA_BYTES with the others.',
      507: 'The disk is full, up to PENSTOCK_UPLOAD_RESERVE_BYTES.',
    },
    timeoutMs: 24 * 3600 * 1000,
  }),
  uploads: route({
    method: 'GET',
    path: '/api/knowledge-bases/{kb_id}/uploads',
    tag: 'uploads',
    summary: 'Files that were uploaded for a knowledge base, page by page',
    params: byKb,
    query: uploadsQuery,
    answer: uploadList,
    statuses: { 200: 'One page; empty where there are none.' },
    errors: invalid,
  }),
  deleteUpload: route({
    method: 'DELETE',
    path: '/api/knowledge-bases/{kb_id}/uploads/{path}',
    pathRest: true,
    tag: 'uploads',
    summary: 'Delete an uploaded file; what was made of it goes with the next run of its source',
    params: byUpload,
    answer: z.object({ path: z.string() }),
    statuses: { 200: 'It is deleted.' },
    errors: { 404: 'There is no such file.', ...invalid },
  }),
} as const
