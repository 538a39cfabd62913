import { closest, distance } from 'fastest-levenshtein'
import type { Setting } from './settings.ts'

/** Why the service does not start: every mistake of the configuration at once, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'bad_config'
  readonly mistakes: readonly string[]
  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
    super(`The configuration has ${count}:\n${mistakes.map(mistake => `  - ${mistake}`).join('\n')}`)
    this.mistakes = mistakes
  }
}

/** A value as it may be shown in a message. */
const shown = (value: unknown, { secret }: Setting) =>
  secret || (typeof value === 'string' && /:\/\/[^/]*@/.test(value)) ? 'set' : JSON.stringify(value)

/** `must` is the end of the sentence: "must be a whole number from 0 to 65535". */
export const wrongValue = (setting: Setting, name: string, from: string, value: unknown, must: string): string =>
  `${name} ${from} is ${shown(value, setting)}: it ${must}.`

export const unknownName = (name: string, from: string, known: readonly string[]): string => {
  const nearest = closest(name, known)
  const near = distance(name, nearest) <= Math.max(3, name.length / 3)
  return `${name} ${from} is not a setting.${near ? ` Did you mean ${nearest}?` : ' `penstock config` lists all of them.'}`
}
