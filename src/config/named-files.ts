import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Found, Misfit } from './found.ts'
import type { Layer } from './layers.ts'
import { type Setting, settings } from './settings.ts'

/** Settings that name a file of TLS, and what is wrong with a text that is no such file. */
const kinds: readonly (readonly [RegExp, string, (pem: string) => unknown])[] = [
  [/\.tls(Ca|Cert)File$/, 'a PEM file with a certificate', pem => new X509Certificate(pem)],
  [/\.tlsKeyFile$/, 'a PEM file with a private key that has no passphrase', pem => createPrivateKey(pem)],
]

/** Parameters of DATABASE_URL that name files. */
const inUrl = ['sslrootcert', 'sslcert', 'sslkey']

/**
 * Reads the files that settings name. A secret's is given to the setting whose value it holds, with the file as where it
 * came from; the others are only looked at, and read when a connection is made.
 */
export const readNamedFiles = (found: Map<string, Found>): readonly Misfit[] => [
  ...settings.flatMap(setting => {
    const secret = secretOf(setting)
    const named = found.get(setting.path)
    return secret && named ? readSecret(named, secret, found) : []
  }),
  ...[...found.values()].flatMap(checked),
  ...pairs(found),
  ...ofUrl(found.get('database.url')),
]

/** The setting whose value is in the file that this one names, if it is such a one. */
const secretOf = ({ path }: Setting): Setting | undefined =>
  settings.find(one => one.secret && `${one.path}File` === path)

/** Whether the value of a setting came from a file that another setting names. */
export const isFromFile = ({ path }: Setting, fileAt: (path: string) => unknown): boolean =>
  settings.some(one => one.path === `${path}File`) && typeof fileAt(`${path}File`) === 'string'

const readSecret = (named: Found, secret: Setting, found: Map<string, Found>): readonly Misfit[] => {
  const given = found.get(secret.path)
  if (given && given.value !== null)
    return [{ found: named, must: `must not stand beside ${given.layer.nameOf(secret)}` }]
  const text = textOf(named)
  if (text instanceof Error) return [unreadable(named, text)]
  const value = text.replace(/\r?\n$/, '')
  const what = /key$/i.test(secret.path) ? 'key' : 'password'
  if (value === '') return [{ found: named, must: `must be a file with a ${what} in it` }]
  const parsed = secret.type.safeParse(value)
  if (!parsed.success)
    return [{ found: named, must: `must be a file with a ${what} in it, which ${parsed.error.issues[0]!.message}` }]
  const layer: Layer = { ...named.layer, origin: String(named.value) }
  found.set(secret.path, { setting: secret, value: parsed.data, layer })
  return []
}

const checked = (named: Found): readonly Misfit[] => {
  const kind = kinds.find(([pattern]) => pattern.test(named.setting.path))
  if (!kind) return []
  const text = textOf(named)
  if (text instanceof Error) return [unreadable(named, text)]
  const [, words, parse] = kind
  return parses(text, parse) ? [] : [{ found: named, must: `must be ${words}` }]
}

/** A key has to be that of the certificate beside it. */
const pairs = (found: ReadonlyMap<string, Found>): readonly Misfit[] =>
  ['kafka', 'database'].flatMap(group => {
    const [cert, key] = [found.get(`${group}.tlsCertFile`), found.get(`${group}.tlsKeyFile`)]
    if (!cert || !key) return []
    const [certText, keyText] = [textOf(cert), textOf(key)]
    if (certText instanceof Error || keyText instanceof Error) return []
    const isFine = (): boolean => new X509Certificate(certText).checkPrivateKey(createPrivateKey(keyText))
    const bothParse = parses(certText, pem => new X509Certificate(pem)) && parses(keyText, createPrivateKey)
    return bothParse && !isFine() ? [{ found: key, must: `must be the key of ${cert.layer.nameOf(cert.setting)}` }] : []
  })

const ofUrl = (url: Found | undefined): readonly Misfit[] => {
  if (!url || url.value === null) return []
  const { searchParams } = new URL(String(url.value))
  return inUrl.flatMap(name => {
    const file = searchParams.get(name)
    const text = file === null ? '' : read(file)
    return text instanceof Error
      ? [{ found: url, must: `must name a file in ${name} that can be read (${text.message})` }]
      : []
  })
}

const unreadable = (named: Found, { message }: Error): Misfit => ({
  found: named,
  must: `must be a file that can be read (${message})`,
})

const textOf = ({ value }: Found): string | Error => read(String(value))

const read = (file: string): string | Error => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return new Error((error as NodeJS.ErrnoException).code ?? String(error))
  }
}

const parses = (text: string, parse: (text: string) => unknown): boolean => {
  try {
    return Boolean(parse(text))
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}
