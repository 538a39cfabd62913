/**
 * What a user says about a source. Strict: a field that does not exist is named with its path, never ignored. Shared by
 * the API's contract (which adds what only a running server knows, see `checkSpec` of the file opener) and the sources.
 */
import { z } from 'zod'

/** Wildcards cost time on long names, so a pattern may have only so many. */
const wildcardsOf = (pattern: string) => pattern.split('/').map(part => part.match(/\*+|\?/g)?.length ?? 0)

const glob = z
  .string()
  .min(1, 'must not be empty')
  .max(256, 'must have at most 256 characters')
  .refine(pattern => !pattern.startsWith('/') && !pattern.split('/').includes('..'), {
    error: "is matched below `path`, so it must not begin with '/' or contain '..'",
  })
  .refine(pattern => wildcardsOf(pattern).every(count => count <= 3), {
    error: "must have at most 3 wildcards between two '/'",
  })
  .refine(pattern => pattern.split('/').filter(part => part.includes('**')).length <= 3, {
    error: "must have at most 3 '**'",
  })
  .refine(pattern => !/^!|[(){}[\]|\\]/.test(pattern.replace(/\{[^{}*?]*\}/g, '')), {
    error: "may use only '*', '**', '?' and one level of '{a,b}' as wildcards",
  })

const globs = z.array(glob).min(1, 'must name at least one pattern').max(32, 'takes at most 32 patterns')

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

export const sourceSpec = z.discriminatedUnion('type', [markdownSpec, localFilesSpec])

export type SourceSpec = z.output<typeof sourceSpec>
