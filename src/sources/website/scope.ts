import picomatch from 'picomatch'
import type { WebsiteSpec } from '../specs/website.ts'
import { normalUrl } from './normal-url.ts'

/** What belongs to a website source, as far as an address says. */
export interface Scope {
  /** Its host is one of the source's. */
  hosts(url: URL): boolean
  /** What `include` and `exclude` say of it. */
  includes(url: URL): boolean
  /** A link to it is followed. */
  follows(url: URL): boolean
}

/** Links to these are no pages; what is behind any other link is known by its type when it is asked. */
const assets =
  /\.(?:png|jpe?g|gif|webp|avif|svgz?|ico|bmp|tiff?|css|m?js|map|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[gv]|wav|flac|avi|mov|mkv|zip|t?gz|t?bz2|t?xz|zst|7z|rar|tar|jar|war|iso|img|dmg|exe|msi|deb|rpm|apk|bin|so|dll|wasm|torrent)$/i

const options = { nobracket: true, noextglob: true, nonegate: true, dot: true }

export const scopeOf = (spec: WebsiteSpec): Scope => {
  const hosts = new Set([
    ...spec.urls.map(url => sameHost(new URL(url).host)),
    ...(spec.hosts ?? []).map(host => sameHost(host.toLowerCase())),
  ])
  const include = spec.include ? picomatch([...spec.include], options) : () => true
  const exclude = spec.exclude ? picomatch([...spec.exclude], options) : () => false
  const scope: Scope = {
    hosts: url => hosts.has(sameHost(url.host)),
    includes: ({ host, pathname }) => include(`${host}${pathname}`) && !exclude(`${host}${pathname}`),
    follows: url => scope.hosts(url) && !assets.test(url.pathname) && scope.includes(url),
  }
  return scope
}

/** A redirect to another host is not followed. */
export const leadsOut = (from: string, to: URL) => ({
  code: 'outside_source' as const,
  message: `${from} redirects to ${to.host}, which is no host of this source. Add it to \`hosts\` to read it.`,
})

/** Sites answer to both, and redirect from one to the other. */
const sameHost = (host: string) => host.replace(/^www\./, '')

/** The addresses of a list that can be asked, as they go, each once. */
export const normalUrls = (hrefs: readonly string[], wanted: (url: URL) => boolean): readonly URL[] => {
  const found = new Map<string, URL>()
  for (const href of hrefs) {
    const url = normalUrl(href)
    if (url !== null && wanted(url) && !found.has(url.href)) found.set(url.href, url)
  }
  return [...found.values()]
}
