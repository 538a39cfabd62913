/** The host of a Host header in small letters, without its port; null for what is none. */
export const hostOf = (header: string | undefined): string | null => {
  const url = header === undefined ? null : URL.parse(`http://${header}`)
  return url === null || url.host === '' || url.href !== `http://${url.host}/` ? null : url.hostname
}

const loopback: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/**
 * Whether a request is meant for this API. A name that leads here but is not known was made to by somebody else: so a
 * page of theirs would read what only this machine may (DNS rebinding). `local` is the address that was connected to.
 */
export const isOurs = (host: string, local: string | undefined, named: readonly string[]): boolean => {
  const address = local?.replace(/^::ffff:(?=\d+\.)/, '')
  const own = address?.includes(':') ? `[${address}]` : address
  return loopback.includes(host) || host === own || named.some(one => hostOf(one) === host)
}
