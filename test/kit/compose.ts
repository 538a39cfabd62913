import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'

export const checkout = resolve(import.meta.dirname, '../..')

/** A service of docker-compose.yml, as far as tests look at it. */
export interface Service {
  readonly image: string
  readonly build?: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly stop_grace_period?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly deploy?: { readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } } }
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const text = readFileSync(join(checkout, 'docker-compose.yml'), 'utf8')

/** `${NAME}`, `${NAME:-default}` and `${NAME:?what to do}`, as Compose fills them in. */
const variable = /\$\{(\w+)(?::([-?])([^}]*))?\}/g

/** Every variable that the file takes from the environment, with whether it must be set. */
export const variables = [...text.matchAll(variable)].map(([, name, kind]) => ({ name: name!, required: kind === '?' }))

/** The file with its variables filled in, in its values as Compose does. Throws for one that must be set and is not. */
export const readCompose = (env: Readonly<Record<string, string>>): Compose => {
  const filled = (value: string) =>
    value.replace(variable, (_, name: string, kind: string | undefined, more: string | undefined) => {
      const given = env[name]
      if (given !== undefined && given !== '') return given
      if (kind === '?') throw new Error(`${name} is not set: ${more}`)
      return kind === '-' ? more! : ''
    })
  return parse(text, (_, value) => (typeof value === 'string' ? filled(value) : value), { merge: true }) as Compose
}

/** What a service waits for, and how. */
export const dependenciesOf = ({ depends_on: on }: Service): Readonly<Record<string, string>> =>
  Array.isArray(on)
    ? Object.fromEntries(on.map(name => [name, 'service_started']))
    : Object.fromEntries(Object.entries(on ?? {}).map(([name, { condition }]) => [name, condition]))

/** `15s` in milliseconds. */
export const msOf = (duration: string): number => {
  const [, amount, unit] = /^(\d+)(s|m)$/.exec(duration)!
  return Number(amount) * (unit === 'm' ? 60_000 : 1000)
}
