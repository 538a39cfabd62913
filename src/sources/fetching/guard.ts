import { lookup as systemLookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { addressOf, isPublic } from './addresses.ts'
import type { AllowList } from './allow-list.ts'
import { failed } from './failure.ts'

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** All addresses of a name. Throws what the system's resolver throws. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>

export const resolveBySystem: Resolve = host => systemLookup(host, { all: true, verbatim: true })

/** What may be reached. It stands between a URL and the socket: there is no other way to one. */
export interface Guard {
  /** Throws Failed `forbidden_url` or `forbidden_address` for what may not be asked, as far as the URL itself says. */
  check(url: URL): void
  /** Looks the host up as a connection would. Throws Failed. */
  look(url: URL): Promise<void>
  /** The lookup of one URL's connection: what it gives was checked, all of it, and is what is connected to. */
  lookupFor(url: URL): LookupFunction
}

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80))

const refused = (url: URL) =>
  failed(
    'forbidden_address',
    `${url.href} does not lead to a public address. An operator can allow its host by PENSTOCK_FETCH_ALLOW.`,
  )

/** Public addresses are reached at `ports` alone. */
export const guardOf = (allow: AllowList, ports: ReadonlySet<number>, resolve: Resolve): Guard => {
  const checkAddress = (url: URL, text: string) => {
    const address = addressOf(text)
    const port = portOf(url)
    const may = address !== null && (allow.address(address, port) || (ports.has(port) && isPublic(address)))
    if (!may && !allow.host(url.hostname, port)) throw refused(url)
  }
  /** All addresses of a host: one that may not be reached is enough to refuse them all. */
  const addressesOf = async (url: URL, host: string): Promise<readonly ResolvedAddress[]> => {
    const found = await resolve(host).catch(error => {
      throw notFound(url, error)
    })
    for (const { address } of found) checkAddress(url, address)
    return found
  }
  const guard: Guard = {
    check(url) {
      const wrong = urlMistake(url)
      if (wrong !== null) throw failed('forbidden_url', `${shown(url)} ${wrong}.`)
      const port = portOf(url)
      if (!ports.has(port) && !allow.port(port))
        throw failed(
          'forbidden_url',
          `${url.href} is at port ${port}, which is not asked. An operator can allow it by PENSTOCK_FETCH_ALLOW.`,
        )
      // A socket is not told to look up what is an address already.
      if (addressOf(url.hostname) !== null) checkAddress(url, url.hostname)
    },
    async look(url) {
      guard.check(url)
      if (addressOf(url.hostname) === null) await addressesOf(url, url.hostname)
    },
    lookupFor: url => (host, options, callback) => {
      addressesOf(url, host).then(
        found => {
          const wanted = found.filter(({ family }) => !options.family || family === options.family)
          if (options.all && wanted.length > 0) callback(null, [...wanted])
          else if (wanted[0]) callback(null, wanted[0].address, wanted[0].family)
          else callback(notFound(url), '', 0)
        },
        error => callback(error, '', 0),
      )
    },
  }
  return guard
}

/** What keeps a URL from being asked, as the end of a sentence; null for one that may be. */
const urlMistake = (url: URL): string | null => {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'is neither http nor https'
  if (url.username !== '' || url.password !== '') return 'has a user name or a password in it, which are never sent'
  return null
}

/** Without what should be kept secret. */
const shown = (url: URL): string => {
  const copy = new URL(url)
  copy.username = ''
  copy.password = ''
  return copy.href
}

const notFound = (url: URL, cause?: unknown) =>
  failed('host_not_found', `The host of ${url.href} has no address.`, { retryable: true }, { cause })
