/** A `Content-Type` taken apart. */
export interface MediaType {
  /** `text/html`, in lower case; empty where the server says none. */
  readonly essence: string
  readonly charset: string | null
}

export const mediaTypeOf = (header: string | undefined): MediaType => {
  const [type = '', ...parameters] = (header ?? '').split(';')
  const essence = type.trim().toLowerCase()
  const charset = parameters
    .map(one => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(one)?.[1])
    .find(one => one !== undefined)
  return { essence: /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(essence) ? essence : '', charset: charset ?? null }
}

const signatures: readonly (readonly [string, string])[] = [
  ['%PDF-', 'application/pdf'],
  ['PK\x03\x04', 'application/zip'],
  ['\x1f\x8b', 'application/gzip'],
  ['\x89PNG', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['GIF8', 'image/gif'],
  ['RIFF', 'application/octet-stream'],
  ['\x7fELF', 'application/octet-stream'],
]

/** What bytes are whatever their server calls them; null where they do not say so themselves. */
export const sniffed = (bytes: Buffer): string | null => {
  const start = bytes.toString('latin1', 0, 8)
  const known = signatures.find(([signature]) => start.startsWith(signature))
  if (known) return known[1]
  const sample = bytes.toString('latin1', 0, 1024)
  if (/^\s*<(?:!doctype\s+html|html|head|body|!--)/i.test(sample.replace(/^\xef\xbb\xbf/, ''))) return 'text/html'
  return null
}

/** A UTF-16 text has NUL bytes and says so by its mark. */
export const looksBinary = (bytes: Buffer): boolean =>
  bytes.subarray(0, 1024).includes(0) && !/^(?:\xff\xfe|\xfe\xff)/.test(bytes.toString('latin1', 0, 2))
