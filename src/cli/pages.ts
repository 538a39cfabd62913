import type { Output } from './context.ts'
import { say } from './text.ts'

/** Most that the server gives on one page of a list. */
const largest = 500

/** What is asked of a list that is given page by page. */
export interface PageQuery {
  readonly limit: number
  readonly after?: string
}

/**
 * The first `most` of a list, read by as many pages as it takes; Infinity reads all. `next` is null where they were all.
 * `list` is the field of a page that has them.
 */
export const readPages = async <K extends string, T>(
  list: K,
  most: number,
  read: (query: PageQuery) => Promise<{ readonly [key in K]: readonly T[] } & { readonly next: string | null }>,
): Promise<{ readonly found: readonly T[]; readonly next: string | null }> => {
  const found: T[] = []
  let next: string | null = null
  do {
    const limit = Math.min(most - found.length, largest)
    const page = await read({ limit, ...(next === null ? {} : { after: next }) })
    found.push(...page[list])
    next = page.next
  } while (next !== null && found.length < most)
  return { found, next }
}

/** Says that a list goes on, which was read up to `--limit`. */
export const sayIfMore = (output: Output, next: string | null): void => {
  if (next !== null) say(output, 'There are more: leave out --limit')
}
