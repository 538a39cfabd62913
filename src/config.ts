/** The configuration, and the only reader of the environment. What can be set, and what it means: `config/schema.ts`. */
import { delimiter } from 'node:path'
import type { z } from 'zod'
import type { Found } from './config/found.ts'
import type { Environment } from './config/layers.ts'
import { isFromFile } from './config/named-files.ts'
import { readLayers } from './config/read.ts'
import { schema } from './config/schema.ts'
import { type Setting, settings } from './config/settings.ts'
import { hideSecrets } from './telemetry/secrets.ts'

type Frozen<T> = T extends readonly (infer E)[]
  ? readonly E[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T

/** What the service runs with. Frozen; paths are absolute. */
export type Config = Frozen<z.output<typeof schema>>

/** Where settings are read from; the process's own environment and working folder unless given. */
export interface ConfigInput {
  readonly env?: Environment
  readonly cwd?: string
  /** Options of the command line by their parser's names (`dataDir`); those that are no settings are left alone. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** Instead of `penstock.yaml` in the working folder, which need not exist; this one must. */
  readonly configFile?: string | undefined
}

/** A setting as it is in force, for `penstock config`. */
export interface ShownSetting {
  /** Its place in `penstock.yaml`. */
  readonly key: string
  readonly env: string
  /** As a variable would hold it, with secrets hidden; null when it is not set. */
  readonly value: string | null
  /** `default`, `environment`, `flag` or the path of the file. */
  readonly from: string
  readonly doc: string
}

const read = ({ env = process.env, cwd = process.cwd(), flags = {}, configFile }: ConfigInput) =>
  readLayers({ env, cwd, flags, configFile })

/** Defaults, then `penstock.yaml`, then the environment, then flags. Throws ConfigError with every mistake at once. */
export const loadConfig = (input: ConfigInput = {}): Config => assemble(read(input))

/** Every setting as `loadConfig` would have it, and where it came from. Throws the same. */
export const describeConfig = (input: ConfigInput = {}): readonly ShownSetting[] => {
  const found = read(input)
  const config = assemble(found)
  const hide = hideSecrets()
  return settings.map(setting => {
    const value = written(setting, settingAt(config, setting))
    return {
      key: setting.key,
      env: setting.env,
      value: value === null ? null : setting.secret ? '[hidden]' : hide(value),
      from: found.get(setting.path)?.layer.origin ?? 'default',
      doc: setting.doc,
    }
  })
}

/**
 * The environment for a child process that is to run with this configuration: the variables of this process, with
 * every setting written over them, so that those of a file or a flag reach the child too.
 */
export const environmentOf = (config: Config, env: Environment = process.env): Record<string, string> => {
  const variables: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) variables[name] = value
  for (const setting of settings) {
    const value = written(setting, settingAt(config, setting))
    if (isFromFile(setting, path => settingAt(config, { path }))) continue
    if (value !== null) variables[setting.env] = value
  }
  return variables
}

const assemble = (found: ReadonlyMap<string, Found>): Config => {
  const tree: Record<string, Record<string, unknown> | unknown> = {}
  for (const group of Object.keys(schema.shape))
    if (settings.some(one => one.path.startsWith(`${group}.`))) tree[group] = {}
  for (const { setting, value } of found.values()) {
    const [group, name] = setting.path.split('.') as [string, string?]
    if (name === undefined) tree[group] = value
    else (tree[group] as Record<string, unknown>)[name] = value
  }
  const api = tree.api as Record<string, unknown>
  api.url ??= addressOf(String(api.host), Number(api.port))
  return frozen(schema.parse(tree))
}

/** Where a client on this machine reaches a server that listens on `host`. */
const addressOf = (host: string, port: number): string => {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

const frozen = <T>(value: T): Frozen<T> => {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) frozen(inner)
    Object.freeze(value)
  }
  return value as Frozen<T>
}

const settingAt = (config: Config, { path }: Pick<Setting, 'path'>): unknown =>
  path.split('.').reduce<unknown>((at, name) => (at as Readonly<Record<string, unknown>>)[name], config)

/** As a variable would hold it. */
const written = ({ isPath }: Setting, value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return Array.isArray(value) ? value.join(isPath ? delimiter : ',') : String(value)
}
