import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a browser sent it for the page of another site. What is no browser says nothing of it, and passes. Following
 * a link is no call: its answer goes to whom the browser belongs to.
 */
export const isCrossSite = (method: string, headers: IncomingHttpHeaders, origins: readonly string[]): boolean => {
  const { host, origin } = headers
  if (origin !== undefined) return !origins.includes(origin) && !isOwn(origin, host)
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  return method !== 'GET' || headers['sec-fetch-mode'] !== 'navigate'
}

const isOwn = (origin: string, host: string | undefined): boolean => {
  const url = URL.parse(origin)
  return url !== null && URL.parse(`${url.protocol}//${host}`)?.origin === url.origin
}
