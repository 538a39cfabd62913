/** Parameters that say where a visitor came from, and nothing of the page. */
const tracking =
  /^(?:utm_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|mc_cid|mc_eid|_ga|_gl|_hsenc|_hsmi|mkt_tok|ref_src|spm|phpsessid|jsessionid|sessionid)$/i

/** Characters of an address; longer ones are made by programs that go in circles. */
const longest = 2048
const mostSegments = 24
const mostParameters = 12
/** How often the same segment may occur in a path (`/a/b/a/b/a/b`). */
const mostRepeats = 3

/**
 * The address that a page goes by, whatever way it was linked: without its fragment, without parameters of tracking and
 * sessions, its parameters in order, escapes that are not needed undone. A slash at the end stays as it is, since it can
 * name another page. Null for an address that is none of a page that could be asked, or looks like a trap.
 */
export const normalUrl = (href: string, base?: string): URL | null => {
  const url = href.length > 4 * longest ? null : URL.parse(href, base)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return null
  url.hash = ''
  url.hostname = url.hostname.replace(/\.$/, '')
  url.pathname = canonicalEscapes(url.pathname.replace(/;jsessionid=[^/?;]*/i, '').replace(/\/{2,}/g, '/'))
  const parameters = [...url.searchParams].filter(([name]) => !tracking.test(name))
  if (parameters.length !== [...url.searchParams].length || parameters.length > 1)
    url.search = new URLSearchParams(parameters.sort(byName)).toString()
  if (url.search === '') url.search = ''
  return url.href.length > longest || isTrap(url.pathname) || parameters.length > mostParameters ? null : url
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]) => (a < b ? -1 : a > b ? 1 : 0)

/** `%7e` and `~` are the same by RFC 3986; `%2F` and `/` are not. Escapes that stay are in upper case. */
const canonicalEscapes = (path: string): string =>
  path.replace(/%[0-9a-f]{2}/gi, escaped => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase()
  })

const isTrap = (path: string): boolean => {
  const segments = path.split('/').filter(segment => segment !== '')
  if (segments.length > mostSegments) return true
  const counts = new Map<string, number>()
  for (const segment of segments) counts.set(segment, (counts.get(segment) ?? 0) + 1)
  return [...counts.values()].some(count => count > mostRepeats)
}

/**
 * What an address has in common with others that one program makes without end (calendars, filters): its path with
 * numbers as one, and the names of its parameters. Null where there is neither a number nor a parameter.
 */
export const patternOf = (url: URL): string | null => {
  const path = url.pathname.replace(/\d+/g, '0')
  const names = [...new Set(url.searchParams.keys())]
  if (names.length === 0 && path === url.pathname && !/\d/.test(path)) return null
  return `${url.host}${path}?${names.join('&')}`.slice(0, 512)
}
