import { setTimeout as sleep } from 'node:timers/promises'
import { COMPATIBILITY, SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { RecordSchema } from './avro.ts'
import type { Codec } from './codec.ts'
import { registryAddress } from './registry-address.ts'
import type { Topic } from './topics.ts'
import { type Registered, WireCodec } from './wire-codec.ts'

export interface CodecOptions {
  /** The registry's Confluent API, as http://127.0.0.1:8081 or http://127.0.0.1:8080/apis/ccompat/v7. */
  readonly url: string
  /** Makes its connections, where they want more than a URL tells. */
  readonly agent?: ConstructorParameters<typeof SchemaRegistry>[0]['agent']
  readonly topics: readonly Topic[]
  /** How long a registry that does not answer is waited for, in milliseconds. Default one minute. */
  readonly patienceMs?: number
}

/** The registry refused a schema, or could not be used. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: 'schema_refused' | 'registry_unreachable' | 'authentication_failed' | 'untrusted_certificate'
  constructor(code: RegistryError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** TopicRecordNameStrategy: a topic may carry several record types, each with a history of its own. */
export const subjectOf = (topic: Topic, { namespace, name }: RecordSchema): string =>
  `${topic.name}-${namespace ? `${namespace}.` : ''}${name}`

/**
 * Registers every record type of every topic, with BACKWARD compatibility: this version must be able to read what the
 * one before it wrote. Refuses to start when the registry says that it cannot.
 */
export const openCodec = async ({ url, agent, topics, patienceMs = 60_000 }: CodecOptions): Promise<Codec> => {
  const { base, auth } = registryAddress(url)
  const connection = { host: base, ...(auth && { auth }), ...(agent && { agent }) }
  const registry = new SchemaRegistry({ ...connection, retry: { retries: 0 } })
  const until = performance.now() + patienceMs
  const registered = await Promise.all(
    topics.flatMap(topic =>
      topic.records.map(async (schema): Promise<Registered> => {
        const id = await patiently(base, until, () => register(registry, subjectOf(topic, schema), schema))
        return { topic: topic.name, schema, id }
      }),
    ),
  )
  return new WireCodec(registered, id => find(registry, base, id))
}

const strict: readonly string[] = ['BACKWARD', 'BACKWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE']

/** A refusal counts when it is repeated: processes that register the same schema at once get one as well. */
const refusals = 3

const register = async (registry: SchemaRegistry, subject: string, schema: RecordSchema) => {
  for (let refused = 1; ; refused++) {
    const compatibility = await compatibilityOf(registry, subject)
    try {
      return (await registry.register(structuredClone(schema) as never, { subject, compatibility })).id
    } catch (error) {
      if (statusOf(error) !== 409 && statusOf(error) !== 422) throw error
      if (refused === refusals)
        throw new RegistryError(
          'schema_refused',
          `The schema registry refuses the new schema of ${subject}: ${messageOf(error)} It would not read records that were written before; give each new field a default, and keep the old ones.`,
          { cause: error },
        )
      await sleep(200 * refused * Math.random())
    }
  }
}

/** The rule in force for a subject. One that has none (its first process died before it set it) gets it now. */
const compatibilityOf = async (registry: SchemaRegistry, subject: string): Promise<COMPATIBILITY> => {
  // biome-ignore lint/complexity/useLiteralKeys: a registry keeps its own client to itself
  const { Subject } = registry['api']
  try {
    const { compatibilityLevel } = (await Subject.config({ subject })).data() as { compatibilityLevel: string }
    if (strict.includes(compatibilityLevel)) return compatibilityLevel as COMPATIBILITY
  } catch (error) {
    if (statusOf(error) === 404) return COMPATIBILITY.BACKWARD
    throw error
  }
  await Subject.updateConfig({ subject, body: { compatibility: COMPATIBILITY.BACKWARD } })
  return COMPATIBILITY.BACKWARD
}

const find = async (registry: SchemaRegistry, url: string, id: number): Promise<object | null> => {
  try {
    const type = (await registry.getSchema(id)) as { schema?(options: { exportAttrs: boolean }): object }
    return type.schema?.({ exportAttrs: true }) ?? null
  } catch (error) {
    if (statusOf(error) === 404) return null
    throw new RegistryError('registry_unreachable', `Schema ${id} could not be read from ${url}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Other processes register the same schemas at the same moment, and the registry may be starting: both pass. */
const patiently = async (url: string, until: number, work: () => Promise<number>): Promise<number> => {
  for (let pauseMs = 100; ; pauseMs = Math.min(2 * pauseMs, 2000)) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof RegistryError) throw error
      const refusal = refusalOf(url, error)
      if (refusal) throw refusal
      if (performance.now() > until)
        throw new RegistryError(
          'registry_unreachable',
          `The schema registry at ${url} does not answer as it should: ${messageOf(error)} Start it, or set SCHEMA_REGISTRY_URL.`,
          { cause: error },
        )
      await sleep(pauseMs)
    }
  }
}

/** Of a registry that wants nothing to do with this client, which no waiting mends. */
const refusalOf = (url: string, error: unknown): RegistryError | null => {
  const status = statusOf(error)
  if (status === 401 || status === 403)
    return new RegistryError(
      'authentication_failed',
      `The schema registry at ${url} refuses the name and the password (${status}). Set PENSTOCK_REGISTRY_USERNAME and PENSTOCK_REGISTRY_PASSWORD.`,
      { cause: error },
    )
  // Its client keeps of an error of the connection the message alone.
  if (!/\bcertificate\b/.test(messageOf(error))) return null
  return new RegistryError(
    'untrusted_certificate',
    `The schema registry at ${url} is not trusted: ${messageOf(error)} Name the authority that signed its certificate in PENSTOCK_REGISTRY_TLS_CA_FILE.`,
    { cause: error },
  )
}

const statusOf = (error: unknown): unknown => (error as { status?: unknown } | null)?.status

const messageOf = (error: unknown): string => {
  const { message, cause } = error as { message?: string; cause?: { code?: string; message?: string } }
  const because = cause?.code ?? cause?.message
  return `${message ?? String(error)}${because ? ` (${because})` : ''}.`.replace(/\.\.$/, '.')
}
