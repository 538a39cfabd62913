import { z } from 'zod'
import { globs } from './globs.ts'

const files = {
  path: z
    .string()
    .min(1, 'must not be empty')
    .max(4096, 'must have at most 4096 characters')
    .refine(path => !path.includes('\0'), { error: 'must not contain a NUL character' })
    .describe('A file or a folder below an allowed root; relative paths start at the first root.'),
  exclude: globs.optional().describe('Globs, matched against paths below `path`; these are left out.'),
}

/** What each type reads unless `include` says otherwise. Hidden files and folders (`.git`) are never read. */
export const defaultInclude = Object.freeze({
  markdown: Object.freeze(['**/*.{md,markdown,mdx}']),
  local_files: Object.freeze(['**/*.{md,markdown,mdx,txt,text,rst,adoc,asciidoc,org,log}']),
})

const include = (type: keyof typeof defaultInclude) =>
  globs
    .optional()
    .describe(`Globs, matched against paths below \`path\`; ${defaultInclude[type].join(', ')} unless stated.`)

/** Markdown files, with their front matter as metadata. */
export const markdownSpec = z.strictObject({ type: z.literal('markdown'), ...files, include: include('markdown') })

/** Files of the types this version reads, each by its extension. */
export const localFilesSpec = z.strictObject({
  type: z.literal('local_files'),
  ...files,
  include: include('local_files'),
})

/** A source that is a file or a folder of them. */
export type FilesSpec = z.output<typeof markdownSpec> | z.output<typeof localFilesSpec>
