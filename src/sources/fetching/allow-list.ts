import ipaddr from 'ipaddr.js'
import { type Address, addressOf } from './addresses.ts'

/** Hosts, addresses and networks that an operator lets sources reach although they are not public, or at other ports. */
export interface AllowList {
  /** True where this host may be asked at this port, whatever its address. */
  host(name: string, port: number): boolean
  /** True where this address may be reached at this port. */
  address(address: Address, port: number): boolean
  /** True where something of the list is at this port, so that a URL with it is not refused before it is looked up. */
  port(port: number): boolean
}

interface Entry {
  readonly host: string | null
  readonly network: readonly [Address, number] | null
  readonly port: number | null
}

const form = /^(?<host>\[[^\]]+\](?:\/\d+)?|[^\s:[\]]+)(?::(?<port>\d{1,5}))?$/

/**
 * An entry of the list: `host`, an address or a network in CIDR notation, each with `:port` where it is for another port
 * than the usual ones; IPv6 in brackets (`[fd00::]/8`). Null for what is none.
 */
export const entryOf = (text: string): Entry | null => {
  const { host, port } = form.exec(text.trim().toLowerCase())?.groups ?? {}
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return null
  const number = port === undefined ? null : Number(port)
  const [name = '', bits] = host.split('/')
  const address = addressOf(name)
  if (address === null) {
    const isName = bits === undefined && /^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?\.?$/.test(name) && !/^[\d.]+$/.test(name)
    return isName ? { host: name.replace(/\.$/, ''), network: null, port: number } : null
  }
  const longest = address instanceof ipaddr.IPv4 ? 32 : 128
  if (Number(bits ?? 0) > longest) return null
  return { host: null, network: [address, Number(bits ?? longest)], port: number }
}

/**
 * `ports` are those of entries without one. Throws for an entry that is none; the configuration has looked at them before.
 */
export const allowList = (entries: readonly string[], ports: ReadonlySet<number>): AllowList => {
  const parsed = entries.map(text => {
    const entry = entryOf(text)
    if (entry === null) throw new Error(`'${text}' is no host, address or network that could be allowed.`)
    return entry
  })
  const at = (entry: Entry, port: number) => (entry.port === null ? ports.has(port) : entry.port === port)
  return {
    host: (name, port) => parsed.some(entry => entry.host === name.replace(/\.$/, '') && at(entry, port)),
    address: (address, port) =>
      parsed.some(entry => entry.network !== null && at(entry, port) && within(address, entry.network)),
    port: port => parsed.some(entry => at(entry, port)),
  }
}

const within = (address: Address, [network, bits]: readonly [Address, number]): boolean => {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits)
  return network instanceof ipaddr.IPv6 && address.match(network, bits)
}
