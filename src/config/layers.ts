import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { unknownName } from './mistakes.ts'
import { type Setting, settings } from './settings.ts'

/** One place that settings come from. Later layers are stronger. */
export interface Layer {
  /** As the middle of "PENSTOCK_PORT … is …". */
  readonly from: string
  /** As `penstock config` shows it. */
  readonly origin: string
  /** What the setting is called there. */
  nameOf(setting: Setting): string
  /** undefined where it does not set it. */
  valueOf(setting: Setting): unknown
  /** What relative paths in it are relative to. */
  readonly folder: string
  readonly mistakes: readonly string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Defaults that depend on the machine or on other settings. */
export const computedDefaults = (env: Environment, cwd: string): Layer => {
  const values: Readonly<Record<string, unknown>> = {
    cacheDir: join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'penstock'),
    'sources.fileRoots': [cwd],
  }
  return {
    from: 'by default',
    origin: 'default',
    nameOf: setting => setting.env,
    valueOf: setting => values[setting.path] ?? setting.defaultValue ?? undefined,
    folder: cwd,
    mistakes: [],
  }
}

/** Variables of ours; those of others (KAFKA_BROKERS, DATABASE_URL) cannot be told from a stranger's. */
const ours = /^(PENSTOCK|INGESTION_RETRY)_/

/** A variable that is set to nothing counts as not set, as `VAR=` in a compose file means. */
export const environmentLayer = (env: Environment, cwd: string): Layer => {
  const names = settings.map(setting => setting.env)
  return {
    from: 'in the environment',
    origin: 'environment',
    nameOf: setting => setting.env,
    valueOf: setting => env[setting.env] || undefined,
    folder: cwd,
    mistakes: Object.keys(env)
      .filter(name => ours.test(name) && !names.includes(name))
      .map(name => unknownName(name, 'in the environment', names)),
  }
}

/** Options as the command line's parser gives them; those that are no settings belong to the verb and are left alone. */
export const flagsLayer = (flags: Readonly<Record<string, unknown>>, cwd: string): Layer => ({
  from: 'on the command line',
  origin: 'flag',
  nameOf: setting => setting.flag,
  valueOf: setting => flags[setting.option],
  folder: cwd,
  mistakes: [],
})

/** The file given, which must be there, or `penstock.yaml` in the working folder, which need not. */
export const fileLayer = (configFile: string | undefined, cwd: string): Layer => {
  const file = resolve(cwd, configFile ?? 'penstock.yaml')
  if (!existsSync(file))
    return layerOf(file, new Map(), configFile === undefined ? [] : [`The configuration file ${file} is not there.`])
  try {
    const read: unknown = parse(readFileSync(file, 'utf8'))
    if (read === null) return layerOf(file, new Map(), [])
    if (!isMapping(read)) return layerOf(file, new Map(), [`${file} must be a mapping of settings.`])
    const { values, mistakes } = flatten(read, file)
    return layerOf(file, values, mistakes)
  } catch (error) {
    if (error instanceof YAMLParseError)
      return layerOf(file, new Map(), [`${file} is not YAML: ${error.message.trim()}`])
    return layerOf(file, new Map(), [`${file} cannot be read: ${error instanceof Error ? error.message : error}.`])
  }
}

const layerOf = (file: string, values: ReadonlyMap<string, unknown>, mistakes: readonly string[]): Layer => ({
  from: `in ${file}`,
  origin: file,
  nameOf: setting => setting.key,
  valueOf: setting => values.get(setting.key) ?? undefined,
  folder: dirname(file),
  mistakes,
})

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const keys = settings.map(setting => setting.key)
const groups = new Set(keys.filter(key => key.includes('.')).map(key => key.slice(0, key.indexOf('.'))))

const flatten = (mapping: Readonly<Record<string, unknown>>, file: string, prefix = '') => {
  const values = new Map<string, unknown>()
  const mistakes: string[] = []
  for (const [name, value] of Object.entries(mapping)) {
    const key = `${prefix}${name}`
    if (keys.includes(key)) values.set(key, value)
    else if (groups.has(key) && isMapping(value)) {
      const inner = flatten(value, file, `${key}.`)
      for (const [innerKey, innerValue] of inner.values) values.set(innerKey, innerValue)
      mistakes.push(...inner.mistakes)
    } else if (groups.has(key)) {
      if (value !== null) mistakes.push(`${key} in ${file} must be a mapping of settings.`)
    } else mistakes.push(unknownName(key, `in ${file}`, keys))
  }
  return { values, mistakes }
}
