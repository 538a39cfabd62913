/** A registry's address, apart from the name and the password that its URL may have: those are sent, and never shown. */
export interface RegistryAddress {
  /** Without a slash at its end. */
  readonly base: string
  readonly auth: { readonly username: string; readonly password: string } | null
  /** For requests by `fetch`, which takes no credentials in a URL. */
  readonly headers: Readonly<Record<string, string>>
}

export const registryAddress = (url: string): RegistryAddress => {
  const parsed = new URL(url)
  const [username, password] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)]
  parsed.username = ''
  parsed.password = ''
  const base = parsed.href.replace(/\/$/, '')
  if (username === '' && password === '') return { base, auth: null, headers: {} }
  const credentials = Buffer.from(`${username}:${password}`).toString('base64')
  return { base, auth: { username, password }, headers: { authorization: `Basic ${credentials}` } }
}
