import { z } from 'zod'

/** Wildcards cost time on long names, so a pattern may have only so many. */
const wildcardsOf = (pattern: string) => pattern.split('/').map(part => part.match(/\*+|\?/g)?.length ?? 0)

/** `matched` says against what, for messages. */
const globFor = (matched: string) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(256, 'must have at most 256 characters')
    .refine(pattern => !pattern.startsWith('/') && !pattern.split('/').includes('..'), {
      error: `is matched ${matched}, so it must not begin with '/' or contain '..'`,
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

const globsFor = (matched: string) =>
  z.array(globFor(matched)).min(1, 'must name at least one pattern').max(32, 'takes at most 32 patterns')

/** Patterns below a path. */
export const globs = globsFor('below `path`')

/** Patterns of a host with the path after it: `docs.example.org/guide/**`. */
export const addressGlobs = globsFor('from the host on')
