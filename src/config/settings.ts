import { z } from 'zod'
import { schema } from './schema.ts'

/** A setting of the schema, as the layers, the command line and the documentation see it. */
export interface Setting {
  /** Where it stands in `Config`: `api.port`. */
  readonly path: string
  /** Its place in `penstock.yaml`: `api.port`, in snake_case. */
  readonly key: string
  readonly env: string
  /** As the command line's parser names it: `dataDir` for `--data-dir`. */
  readonly option: string
  readonly flag: string
  readonly doc: string
  readonly secret: boolean
  /** Its values are paths, relative to where they were written. */
  readonly isPath: boolean
  readonly type: z.ZodType
  /** What the schema itself gives when nothing is set. */
  readonly defaultValue: unknown
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
const camelCase = (name: string) => name.replace(/[_-](\w)/g, (_, letter: string) => letter.toUpperCase())

const metaOf = (type: z.core.$ZodType): Readonly<Record<string, unknown>> => z.globalRegistry.get(type) ?? {}

const settingsOf = (shape: Readonly<Record<string, z.ZodType>>, prefix = ''): readonly Setting[] =>
  Object.entries(shape).flatMap(([name, type]) => {
    if (type instanceof z.ZodObject) return settingsOf(type.shape, `${prefix}${name}.`)
    const { env, secret, description } = metaOf(type)
    const { path } = metaOf(type instanceof z.ZodDefault || type instanceof z.ZodOptional ? type.unwrap() : type)
    const words = String(env)
      .replace(/^PENSTOCK_/, '')
      .toLowerCase()
    return {
      path: `${prefix}${name}`,
      key: snakeCase(`${prefix}${name}`),
      env: String(env),
      option: camelCase(words),
      flag: `--${words.replaceAll('_', '-')}`,
      doc: String(description),
      secret: secret === true,
      isPath: path === true,
      type,
      defaultValue: type.safeParse(undefined).data ?? null,
    }
  })

/** Every setting, in the order of the schema. */
export const settings: readonly Setting[] = settingsOf(schema.shape)
