import { resolve } from 'node:path'
import type { Found } from './found.ts'
import { computedDefaults, type Environment, environmentLayer, fileLayer, flagsLayer } from './layers.ts'
import { ConfigError, wrongValue } from './mistakes.ts'
import { readNamedFiles } from './named-files.ts'
import { settings } from './settings.ts'
import { misfits } from './together.ts'

/** Where the layers are read from. */
export interface Sources {
  readonly env: Environment
  readonly cwd: string
  readonly flags: Readonly<Record<string, unknown>>
  readonly configFile: string | undefined
}

/** The strongest value of each setting, by its path. Throws ConfigError with every mistake of every layer at once. */
export const readLayers = ({ env, cwd, flags, configFile }: Sources): ReadonlyMap<string, Found> => {
  const layers = [
    computedDefaults(env, cwd),
    fileLayer(configFile, cwd),
    environmentLayer(env, cwd),
    flagsLayer(flags, cwd),
  ]
  const mistakes = layers.flatMap(layer => layer.mistakes)
  const found = new Map<string, Found>()
  for (const setting of settings) {
    const layer = layers.findLast(layer => layer.valueOf(setting) !== undefined)
    if (!layer) continue
    const raw = layer.valueOf(setting)
    const parsed = setting.type.safeParse(raw)
    if (!parsed.success) {
      mistakes.push(wrongValue(setting, layer.nameOf(setting), layer.from, raw, parsed.error.issues[0]!.message))
      continue
    }
    const value = setting.isPath ? absolute(parsed.data, layer.folder) : parsed.data
    found.set(setting.path, { setting, value, layer })
  }
  mistakes.push(...tooManyLanes(found))
  for (const { found: one, must } of [...readNamedFiles(found), ...misfits(found)])
    mistakes.push(wrongValue(one.setting, one.layer.nameOf(one.setting), one.layer.from, one.value, must))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return found
}

const absolute = (value: unknown, folder: string): unknown =>
  Array.isArray(value) ? value.map(one => resolve(folder, String(one))) : resolve(folder, String(value))

const tooManyLanes = (found: ReadonlyMap<string, Found>): readonly string[] => {
  const lanes = found.get('jobs.lanes')
  const own = found.get('jobs.parallelism')
  if (!lanes || !own || Number(own.value) <= Number(lanes.value)) return []
  const { setting, layer, value } = own
  const must = `must be at most ${lanes.value}, the number of lanes (${lanes.layer.nameOf(lanes.setting)} ${lanes.layer.from})`
  return [wrongValue(setting, layer.nameOf(setting), layer.from, value, must)]
}
