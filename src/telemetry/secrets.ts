const hidden = '[hidden]'

/** Names of fields whose value is never shown, in JSON text at any depth. */
const fields =
  /("(?:authorization|proxy-authorization|x-api-key|api[-_]?key|password|cookie|set-cookie|secret)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])/gi

const shapes: readonly (readonly [RegExp, string])[] = [
  // user:password@ of any URL, up to the last @ before the path; the user stays.
  [/(\w:\/\/[^\s:/@"']*:)[^\s/"']+@/g, `$1${hidden}@`],
  [/\b(authorization\s*[:=]\s*(?:\w+\s+)?)[\w.~+/=-]+/gi, `$1${hidden}`],
  [/\b(Bearer\s+)[\w.~+/=-]+/g, `$1${hidden}`],
  [/\bsk-[\w*.-]{8,}/g, hidden],
  // A key of the API; its id stays.
  [/\b(pk_[0-9a-f]{12}_)[\w-]{8,}/g, `$1${hidden}`],
  [/([?&](?:api[-_]?key|key|token|password|secret)=)[^\s&"']+/gi, `$1${hidden}`],
]

/**
 * Returns a function that hides secrets in a text or a JSON line: the ones given, wherever they stand, and whatever
 * has the shape of a password in a URL, an Authorization header or an API key.
 */
export const hideSecrets = (secrets: readonly (string | null)[] = []): ((text: string) => string) => {
  const known = secrets.filter(secret => secret !== null && secret.length >= 4) as string[]
  const forms = new Set(known.flatMap(one => [one, JSON.stringify(one).slice(1, -1), encodeURIComponent(one)]))
  return text => {
    let shown = text
    for (const form of forms) shown = shown.replaceAll(form, hidden)
    shown = shown.replace(fields, `$1"${hidden}"`)
    for (const [shape, by] of shapes) shown = shown.replace(shape, by)
    return shown
  }
}
