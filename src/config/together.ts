import type { Found, Misfit } from './found.ts'

/** What a setting wants beside it. */
interface Companion {
  readonly path: string
  /** Whether what is found there will do; anything will unless stated. */
  readonly fits?: (value: unknown) => boolean
  /** The end of "it must stand beside …". */
  readonly words: string
}

const beside = (path: string, words: string, fits?: Companion['fits']): Companion => ({
  path,
  words,
  ...(fits && { fits }),
})

const ofTls = beside('kafka.tls', 'PENSTOCK_KAFKA_TLS=true', value => value === true)
const brokers = beside('kafka.brokers', 'KAFKA_BROKERS, as the embedded Kafka is spoken to as it is, on loopback')
const mechanism = beside('kafka.saslMechanism', 'PENSTOCK_KAFKA_SASL_MECHANISM')
const registry = beside('registry.url', 'SCHEMA_REGISTRY_URL, as the embedded registry asks for no password')
const https = beside('registry.url', 'a SCHEMA_REGISTRY_URL that starts with https://', value =>
  String(value).startsWith('https:'),
)
const database = beside('database.url', 'DATABASE_URL, as the embedded database is spoken to as it is, on loopback')
const databaseTls = beside('database.tls', 'PENSTOCK_DATABASE_TLS')
const verified = beside('database.tls', 'PENSTOCK_DATABASE_TLS=verify-full', value => value === 'verify-full')

const companions: Readonly<Record<string, readonly Companion[]>> = {
  'kafka.tls': [brokers],
  'kafka.tlsCaFile': [ofTls],
  'kafka.tlsCertFile': [ofTls, beside('kafka.tlsKeyFile', 'PENSTOCK_KAFKA_TLS_KEY_FILE')],
  'kafka.tlsKeyFile': [beside('kafka.tlsCertFile', 'PENSTOCK_KAFKA_TLS_CERT_FILE')],
  'kafka.saslMechanism': [
    brokers,
    beside('kafka.saslUsername', 'PENSTOCK_KAFKA_SASL_USERNAME'),
    beside('kafka.saslPassword', 'PENSTOCK_KAFKA_SASL_PASSWORD or PENSTOCK_KAFKA_SASL_PASSWORD_FILE'),
  ],
  'kafka.saslUsername': [mechanism],
  'kafka.saslPassword': [mechanism],
  'registry.username': [
    registry,
    beside('registry.password', 'PENSTOCK_REGISTRY_PASSWORD or PENSTOCK_REGISTRY_PASSWORD_FILE'),
  ],
  'registry.password': [beside('registry.username', 'PENSTOCK_REGISTRY_USERNAME')],
  'registry.tlsCaFile': [https],
  'database.password': [database],
  'database.tls': [database],
  'database.tlsCaFile': [verified],
  'database.tlsCertFile': [databaseTls, beside('database.tlsKeyFile', 'PENSTOCK_DATABASE_TLS_KEY_FILE')],
  'database.tlsKeyFile': [beside('database.tlsCertFile', 'PENSTOCK_DATABASE_TLS_CERT_FILE')],
}

/** What a URL may say itself, so that a setting may not say it as well. */
const inUrl: readonly (readonly [path: string, url: string, says: (url: URL) => boolean, words: string])[] = [
  ['registry.username', 'registry.url', ({ username }) => username !== '', 'a name in SCHEMA_REGISTRY_URL'],
  ['database.password', 'database.url', ({ password }) => password !== '', 'a password in DATABASE_URL'],
  [
    'database.tls',
    'database.url',
    ({ searchParams }) => [...searchParams.keys()].some(name => name.startsWith('ssl')),
    'sslmode and the like in DATABASE_URL',
  ],
]

/** Every setting that wants another one, or contradicts one. */
export const misfits = (settings: ReadonlyMap<string, Found>): readonly Misfit[] => {
  const lacking = Object.entries(companions).flatMap(([path, wanted]) => {
    const found = settings.get(path)
    if (!isSet(found)) return []
    return wanted
      .filter(({ path, fits }) => {
        const other = settings.get(path)
        return !isSet(other) || (fits !== undefined && !fits(other.value))
      })
      .map(({ words }) => ({ found, must: `must stand beside ${words}` }))
  })
  const twice = inUrl.flatMap(([path, at, says, words]) => {
    const [found, url] = [settings.get(path), settings.get(at)]
    return isSet(found) && isSet(url) && says(new URL(String(url.value)))
      ? [{ found, must: `must not stand beside ${words}` }]
      : []
  })
  return [...lacking, ...twice, ...bared(settings)]
}

/** A password that would go over a network as it is. */
const bared = (settings: ReadonlyMap<string, Found>): readonly Misfit[] => {
  const found = settings.get('kafka.saslMechanism')
  const brokers = settings.get('kafka.brokers')?.value
  const isCovered = ['kafka.tls', 'kafka.allowPlainPassword'].some(path => isSet(settings.get(path)))
  if (found?.value !== 'plain' || isCovered || !Array.isArray(brokers)) return []
  const far = brokers.find(broker => !isLoopback(String(broker)))
  if (far === undefined) return []
  const instead = 'take scram-sha-512, or set PENSTOCK_ALLOW_PLAIN_PASSWORD=true where nobody else is on the way'
  const must = `must stand beside PENSTOCK_KAFKA_TLS=true, as it sends the password to ${far} as it is; or ${instead}`
  return [{ found, must }]
}

const isLoopback = (broker: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):\d+$/i.test(broker)

const isSet = (found: Found | undefined): found is Found =>
  found !== undefined && found.value !== null && found.value !== undefined && found.value !== false
