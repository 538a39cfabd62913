/** A registry's address, apart from the name and the password that its URL may have: those are sent, and never shown. */
export interface RegistryAddress {
  /** Without a slash at its end. */
  readonly base: string
  readonly auth: { readonly username: string; readonly password: string } | null
}

export const registryAddress = (url: string): RegistryAddress => {
  const parsed = new URL(url)
  const [username, password] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)]
  parsed.username = ''
  parsed.password = ''
  const base = parsed.href.replace(/\/$/, '')
  return { base, auth: username === '' && password === '' ? null : { username, password } }
}
