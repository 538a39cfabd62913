export interface FrontMatter {
  /** What stands between its two lines. */
  readonly yaml: string
  /** Where the text goes on after it. */
  readonly end: number
}

const longest = 64 * 1024

/** What stands between two lines `---` at the start of a text, or null where there is none. Takes at most 64 KiB. */
export const frontMatterOf = (text: string): FrontMatter | null => {
  const match = /^---[ \t]*\r?\n/.exec(text)
  if (!match) return null
  const begin = match[0].length
  const rest = text.slice(begin - 1, begin + longest)
  const close = /\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(rest)
  if (!close) return null
  return { yaml: text.slice(begin, begin + close.index), end: begin - 1 + close.index + close[0].length }
}
