/**
 * The part of Avro that Penstock speaks, and the TypeScript type of each schema, inferred from the same value.
 * Records are declared `as const satisfies RecordSchema`; `Infer<typeof schema>` is their type.
 * Source: Apache Avro 1.12 specification, "Schema Declaration".
 */
export type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'double' | 'string' | 'bytes'

export type Schema = Primitive | EnumSchema | ArraySchema | MapSchema | RecordSchema | readonly ['null', Schema]

export interface EnumSchema {
  readonly type: 'enum'
  readonly name: string
  readonly symbols: readonly string[]
  /** What a reader sees for a symbol it does not know; makes adding a symbol a compatible change. */
  readonly default?: string
}

export interface ArraySchema {
  readonly type: 'array'
  readonly items: Schema
}

export interface MapSchema {
  readonly type: 'map'
  readonly values: Schema
}

export interface Field {
  readonly name: string
  readonly type: Schema
  readonly doc?: string
  readonly default?: unknown
}

export interface RecordSchema {
  readonly type: 'record'
  readonly name: string
  readonly namespace?: string
  readonly doc?: string
  readonly fields: readonly Field[]
}

/** A schema's TypeScript type. `long` is a number: every long of ours stays below 2^53. */
export type Infer<S> = S extends 'null'
  ? null
  : S extends 'boolean'
    ? boolean
    : S extends 'int' | 'long' | 'double'
      ? number
      : S extends 'string'
        ? string
        : S extends 'bytes'
          ? Buffer
          : S extends readonly ['null', infer T]
            ? Infer<T> | null
            : S extends { readonly type: 'enum'; readonly symbols: readonly (infer T)[] }
              ? T
              : S extends { readonly type: 'array'; readonly items: infer T }
                ? readonly Infer<T>[]
                : S extends { readonly type: 'map'; readonly values: infer T }
                  ? { readonly [key: string]: Infer<T> }
                  : S extends { readonly type: 'record'; readonly fields: infer F extends readonly Field[] }
                    ? { readonly [K in F[number] as K['name']]: Infer<K['type']> }
                    : never

/**
 * The one-symbol enum that says which record type a value is, so that the types of one topic form a
 * discriminated union for TypeScript and are named on the wire for every other reader.
 */
export const tag = <const T extends string>(name: T) =>
  ({ name: 'type', type: { type: 'enum', name: `${name}_type`, symbols: [name] } }) as const

/** A field that may be null, and is null for readers of records written before it existed. */
export const optional = <const N extends string, const S extends Schema>(name: N, schema: S, doc: string) =>
  ({ name, type: ['null', schema] as const, default: null, doc }) as const
