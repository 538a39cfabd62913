import avsc, { type Type } from 'avsc'
import type { RecordSchema } from './avro.ts'
import type { Codec } from './codec.ts'
import { CodecError } from './codec-error.ts'
import type { RecordOf, Topic } from './topics.ts'

/** Confluent wire format: a zero, the schema's id as four bytes big endian, the Avro body. */
const prefixBytes = 5

/** How a schema id that is not known from start-up is looked up; null when the registry has no such schema. */
export type FindSchema = (id: number) => Promise<object | null>

export interface Registered {
  readonly topic: string
  readonly schema: RecordSchema
  readonly id: number
}

/** avsc gives `['null', X]` bare, `long` as a number (and refuses what is above 2^53) and `bytes` as a Buffer. */
export const typeOf = (schema: object): Type => avsc.Type.forSchema(structuredClone(schema) as never)

type Read = (body: Buffer) => unknown

interface TopicCodec {
  /** By the symbol of the `type` field. */
  readonly writers: ReadonlyMap<string, { readonly type: Type; readonly id: number }>
  /** By the full name of the record. */
  readonly types: ReadonlyMap<string, Type>
  /** By schema id; filled as ids are met. */
  readonly readers: Map<number, Read>
}

const tagOf = ({ name, fields }: RecordSchema): string => {
  const type = fields.find(field => field.name === 'type')?.type
  const symbol = typeof type === 'object' && 'symbols' in type ? type.symbols[0] : undefined
  if (symbol === undefined) throw new Error(`The schema of ${name} has no \`type\` field of one symbol.`)
  return symbol
}

/** Encodes and decodes synchronously; only `prepare` may ask the registry. */
export class WireCodec implements Codec {
  readonly #topics = new Map<string, TopicCodec>()
  /** Schemas of other versions than this process's own, by id; null is known to be unknown. */
  readonly #foreign = new Map<number, Type | null>()
  readonly #own = new Set<number>()
  readonly #find: FindSchema
  #scratch = Buffer.allocUnsafe(64 * 1024)

  constructor(registered: readonly Registered[], find: FindSchema) {
    this.#find = find
    for (const [topic, each] of Map.groupBy(registered, ({ topic }) => topic)) {
      const compiled = each.map(({ schema, id }) => ({ tag: tagOf(schema), type: typeOf(schema), id }))
      this.#topics.set(topic, {
        writers: new Map(compiled.map(({ tag, type, id }) => [tag, { type, id }])),
        types: new Map(compiled.map(({ type }) => [type.name!, type])),
        readers: new Map(compiled.map(({ type, id }) => [id, body => type.fromBuffer(body)])),
      })
      for (const { id } of compiled) this.#own.add(id)
    }
  }

  encode<T extends Topic>(topic: T, value: RecordOf<T>): Buffer {
    const tag = (value as { type?: string } | null)?.type
    const writer = this.#topic(topic).writers.get(tag!)
    if (!writer)
      throw new CodecError('invalid_value', `Topic ${topic.name} carries no record of type ${String(tag)}.`, ['type'])
    let end = this.#write(topic, writer.type, value)
    if (end < 0) {
      this.#scratch = Buffer.allocUnsafe(2 * (this.#scratch.length - end))
      end = this.#write(topic, writer.type, value)
    }
    const bytes = Buffer.from(this.#scratch.subarray(0, end))
    bytes[0] = 0
    bytes.writeUInt32BE(writer.id, 1)
    return bytes
  }

  decode<T extends Topic>(topic: T, bytes: Buffer): RecordOf<T> {
    const id = idOf(bytes)
    if (id === null)
      throw new CodecError('undecodable', `A record of ${topic.name} is not in the Confluent wire format.`)
    const known = this.#topic(topic)
    const read = known.readers.get(id) ?? this.#reader(topic, known, id)
    try {
      return read(bytes.subarray(prefixBytes)) as RecordOf<T>
    } catch (cause) {
      throw new CodecError('undecodable', `A record of ${topic.name} does not fit its schema ${id}.`, [], { cause })
    }
  }

  async prepare(values: readonly Buffer[]): Promise<void> {
    const unknown = new Set<number>()
    for (const value of values) {
      const id = idOf(value)
      if (id !== null && !this.#own.has(id) && !this.#foreign.has(id)) unknown.add(id)
    }
    if (unknown.size === 0) return
    await Promise.all(
      [...unknown].map(async id => {
        const schema = await this.#find(id)
        this.#foreign.set(id, schema && typeOf(schema))
      }),
    )
  }

  /** Where the body ends in the scratch buffer, or minus the bytes that were missing. */
  #write(topic: Topic, type: Type, value: unknown): number {
    try {
      return type.encode(value, this.#scratch, prefixBytes)
    } catch (cause) {
      const paths: string[] = []
      type.isValid(value, { errorHook: path => void paths.push(path.join('.')) })
      throw new CodecError(
        'invalid_value',
        `A ${type.name} for ${topic.name} is invalid at ${paths.join(', ')}.`,
        paths,
        {
          cause,
        },
      )
    }
  }

  #reader(topic: Topic, known: TopicCodec, id: number): Read {
    const writer = this.#foreign.get(id)
    if (writer === undefined)
      throw new CodecError('undecodable', `Schema ${id} of a record of ${topic.name} was not prepared for.`)
    if (writer === null)
      throw new CodecError('undecodable', `Schema ${id} of a record of ${topic.name} is not in the registry.`)
    const type = known.types.get(writer.name!)
    if (!type)
      throw new CodecError('undecodable', `Topic ${topic.name} carries no ${writer.name}, the type of schema ${id}.`)
    const resolver = type.createResolver(writer)
    const read: Read = body => type.fromBuffer(body, resolver)
    known.readers.set(id, read)
    return read
  }

  #topic(topic: Topic): TopicCodec {
    const known = this.#topics.get(topic.name)
    if (!known) throw new Error(`Topic ${topic.name} was not given to this codec.`)
    return known
  }
}

const idOf = (bytes: Buffer): number | null =>
  bytes.length >= prefixBytes && bytes[0] === 0 ? bytes.readUInt32BE(1) : null

/** A codec with ids of its own and no registry, for one process: tests and the in-memory broker. */
export const localCodec = (topics: readonly Topic[]): Codec => {
  const all = topics.flatMap(topic => topic.records.map(schema => ({ topic: topic.name, schema })))
  return new WireCodec(
    all.map((each, index) => ({ ...each, id: index + 1 })),
    async () => null,
  )
}
