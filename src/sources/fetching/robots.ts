import robotsParser from 'robots-parser'

/** The package declares a default export, but is CommonJS that is the function itself. */
const parseRobots = robotsParser as unknown as typeof robotsParser.default

/** What a host's robots.txt says to Penstock (RFC 9309). */
export interface RobotsRules {
  allows(url: URL): boolean
  /** From one request to the next, in ms; null where it says none. */
  readonly delayMs: number | null
  /** Addresses of sitemaps, as they stand there. */
  readonly sitemaps: readonly string[]
}

/** The name that robots.txt knows us by. */
export const robotsName = 'Penstock'

/** What is read of a robots.txt, in bytes. */
export const robotsBytes = 500 * 1024

/** Paths with wildcards take time in proportion to their length and that of a URL, so only so much of them is looked at. */
const longestLine = 2048
const mostWildcards = 64 * 1024
const longestDelayMs = 60_000
const mostSitemaps = 100

/** Where there is none, everything may be asked. */
export const noRules: RobotsRules = { allows: () => true, delayMs: null, sitemaps: [] }

export const robotsRules = (url: URL, text: string): RobotsRules => {
  const robots = parseRobots(url.href, bounded(text))
  const delay = robots.getCrawlDelay(robotsName)
  return {
    allows: asked => robots.isAllowed(asked.href, robotsName) !== false,
    delayMs: delay !== undefined && delay > 0 ? Math.min(delay * 1000, longestDelayMs) : null,
    sitemaps: robots.getSitemaps().slice(0, mostSitemaps),
  }
}

const bounded = (text: string): string => {
  let wildcards = 0
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .filter(line => {
      if (line.includes('*')) wildcards += line.length
      return line.length <= longestLine && (!line.includes('*') || wildcards <= mostWildcards)
    })
    .join('\n')
}
