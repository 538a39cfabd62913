import { z } from 'zod'
import { codeExtensions } from './code-extensions.ts'
import { globs } from './globs.ts'

const files = {
  path: z
    .string()
    .min(1, 'must not be empty')
    .max(4096, 'must have at most 4096 characters')
    .refine(path => !path.includes('\0'), { error: 'must not contain a NUL character' })
    .optional()
    .describe('A file or a folder below an allowed root; relative paths start at the first root.'),
  uploads: z.literal(true).optional().describe('What was uploaded for the knowledge base, instead of `path`.'),
  exclude: globs.optional().describe('Globs, matched against paths below it; these are left out.'),
}

/** What each type reads unless `include` says otherwise. Hidden files and folders (`.git`) are never read. */
export const defaultInclude = Object.freeze({
  markdown: Object.freeze(['**/*.{md,markdown,mdx}']),
  local_files: Object.freeze([
    '**/*.{md,markdown,mdx,txt,text,rst,adoc,asciidoc,org,log}',
    '**/*.{html,htm,xhtml,pdf,docx,xlsx,csv,tsv,json,ndjson,jsonl}',
    `**/*.{${Object.values(codeExtensions).flat().join(',')}}`,
  ]),
  pdf: Object.freeze(['**/*.pdf']),
})

const include = (type: keyof typeof defaultInclude) =>
  globs.optional().describe(`Globs, matched against paths below it; ${defaultInclude[type].join(', ')} unless stated.`)

/** One of the two says where the files are. */
export const pathOrUploads = z.refine<{ readonly path?: string | undefined; readonly uploads?: true | undefined }>(
  ({ path, uploads }) => (path === undefined) !== (uploads === undefined),
  { path: ['path'], error: 'must be given, or `uploads: true` instead of it' },
)

/** Markdown files, with their front matter as metadata. */
export const markdownSpec = z
  .strictObject({ type: z.literal('markdown'), ...files, include: include('markdown') })
  .check(pathOrUploads)

/** Files of the types this version reads, each by its extension. */
export const localFilesSpec = z
  .strictObject({
    type: z.literal('local_files'),
    ...files,
    include: include('local_files'),
  })
  .check(pathOrUploads)

/** PDF files, each with its pages. */
export const pdfSpec = z
  .strictObject({ type: z.literal('pdf'), ...files, include: include('pdf') })
  .check(pathOrUploads)

/** A source that is a file or a folder of them. */
export type FilesSpec = z.output<typeof markdownSpec> | z.output<typeof localFilesSpec> | z.output<typeof pdfSpec>
