import ipaddr from 'ipaddr.js'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

const globalUnicast = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]
const nat64 = ipaddr.parseCIDR('64:ff9b::/96') as [ipaddr.IPv6, number]
/** Public by its range; inside of a cloud it answers each machine with what only that one may know. */
const wireServer = '168.63.129.16'

/** An address as it is reached: an IPv4 address in its IPv6 form (mapped, or by a NAT64 gateway) is the IPv4 address. */
export const addressOf = (text: string): Address | null => {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  if (bare.includes('%') || !ipaddr.isValid(bare)) return null
  if (!bare.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(bare)) return null
  const address = ipaddr.parse(bare)
  if (address instanceof ipaddr.IPv4) return address
  if (address.isIPv4MappedAddress()) return address.toIPv4Address()
  return address.match(...nat64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address
}

/**
 * True for an address of one host on the public internet. What is private, local, reserved, for documentation or for
 * benchmarks is not, nor are tunnels that carry an IPv4 address inside (6to4, Teredo), nor a cloud's own address.
 */
export const isPublic = (address: Address): boolean =>
  address.range() === 'unicast' &&
  address.toString() !== wireServer &&
  (address instanceof ipaddr.IPv4 || address.match(...globalUnicast))
