/** How a TLS connection failed: the other side's certificate is not trusted, or the two do not speak the same. */
export type TlsRefusal = 'untrusted_certificate' | 'tls_mismatch'

/** What OpenSSL says of a certificate, by Node.js's names for it. */
const untrusted =
  /^(CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/

const mismatch = /^(EPROTO|ERR_SSL_)/

/** Of a server that ends a connection at the first words of TLS. */
const cutShort = 'before secure TLS connection was established'

/** Causes of causes that are looked at. */
const deepest = 8

/** What kept a TLS connection from being made, or null where it was something else. */
export const tlsRefusal = (error: unknown, depth = 0): TlsRefusal | null => {
  if (!(error instanceof Error) || depth === deepest) return null
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (untrusted.test(code)) return 'untrusted_certificate'
  if (mismatch.test(code) || error.message.includes(cutShort)) return 'tls_mismatch'
  return tlsRefusal(error.cause, depth + 1)
}
