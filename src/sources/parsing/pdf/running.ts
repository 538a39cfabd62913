import type { Line } from './lines.ts'

/** A page of lines in reading order. */
export type PageLines = readonly Line[]

/** As many pages must begin or end with it. */
const least = 3
/** Numbers of a line that may be that of its page. */
const mostNumbers = 4
/** Lines at each end of a page that may be its head or foot. */
const ends = 2

/**
 * The pages without the heads and feet that run through them: a line at the upper or lower end that stands on three
 * pages, the same but for a number that counts the pages. The first time it stays, so that no word is lost; bare page
 * numbers all go.
 */
export const withoutRunning = (pages: readonly PageLines[]): readonly PageLines[] => {
  const counts = new Map<string, number>()
  const outer = pages.map(outerOf)
  for (const [page, lines] of outer.entries())
    for (const key of new Set(lines.flatMap(line => keysOf(line, page)))) counts.set(key, (counts.get(key) ?? 0) + 1)
  const seen = new Set<string>()
  return pages.map((lines, page) =>
    lines.filter(line => {
      if (!outer[page]!.includes(line)) return true
      const running = keysOf(line, page).filter(key => (counts.get(key) ?? 0) >= least)
      if (running.length === 0) return true
      const known = running.some(key => seen.has(key) || !/\p{L}/u.test(key))
      for (const key of running) seen.add(key)
      return !known
    }),
  )
}

const outerOf = (lines: PageLines): readonly Line[] => {
  const downward = lines.filter(({ upright }) => upright).sort((a, b) => b.y - a.y)
  return downward.length <= 2 * ends ? downward : [...downward.slice(0, ends), ...downward.slice(-ends)]
}

/** What is the same on the pages through which a line runs: all of it, or all but one number. */
const keysOf = ({ text }: Line, page: number): readonly string[] => {
  const numbers = [...text.matchAll(/\d{1,6}/g)].slice(0, mostNumbers)
  const counted = numbers.map(({ 0: digits, index }) => {
    return `${text.slice(0, index)}#${Number(digits) - page}#${text.slice(index + digits.length)}`
  })
  return [/^[ivxlc]{1,6}$/.test(text) ? '#' : `=${text}`, ...counted]
}
