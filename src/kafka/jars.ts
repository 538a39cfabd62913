/** The programs of the embedded parts: fetched by Maven once per user, kept in a cache folder. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EmbeddedPartError, type Part, parts } from './embedded-part.ts'

export interface JarsOptions {
  /** Shared by all data folders of a user; made when missing. */
  readonly cacheDir: string
  /** Told what is being downloaded, as it goes on. */
  readonly progress?: ((line: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** The Maven to run; `mvn` on the path by default. */
  readonly maven?: string
}

const pom = join(import.meta.dirname, 'pom.xml')
const goals = { kafka: 'copy-dependencies@kafka', registry: 'unpack@registry' } as const

/** How often to say that a download still goes on. */
const reportMs = 5000

/**
 * The folder with a part's programs. Downloads them when they are not there; several processes may do so at once.
 * Throws EmbeddedPartError `maven_missing` or `download_failed`.
 */
export const resolveJars = async (name: keyof typeof goals, options: JarsOptions): Promise<string> => {
  const part = parts[name]
  const { cacheDir, progress = () => undefined } = options
  const title = `${part.title} ${versionOf(name)}`
  const folder = join(cacheDir, `${name}-${versionOf(name)}`)
  if (existsSync(folder)) return folder

  mkdirSync(cacheDir, { recursive: true })
  const filling = mkdtempSync(`${folder}.filling-`)
  const started = performance.now()
  const seconds = () => `${Math.round((performance.now() - started) / 1000)} s`
  progress(`Downloading ${title} by Maven into ${cacheDir}; this happens once (${part.download}).`)
  const report = setInterval(() => progress(`Still downloading ${title} (${seconds()}).`), reportMs)
  try {
    await runMaven(part, title, goals[name], filling, options)
    publish(filling, folder)
    progress(`Downloaded ${title} in ${seconds()}.`)
    return folder
  } finally {
    clearInterval(report)
    rmSync(filling, { recursive: true, force: true })
  }
}

/** The version in the pom, which is the only place that states it. */
const versionOf = (name: keyof typeof goals): string => {
  const version = new RegExp(`<${name}\\.version>([^<]+)<`).exec(readFileSync(pom, 'utf8'))?.[1]
  if (!version) throw new Error(`${pom} states no ${name}.version.`)
  return version
}

/** A folder is there whole or not at all; where another process was first, its folder stays. */
const publish = (filled: string, folder: string): void => {
  try {
    renameSync(filled, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}

const runMaven = async (part: Part, title: string, goal: string, into: string, options: JarsOptions): Promise<void> => {
  const { maven = 'mvn', signal } = options
  signal?.throwIfAborted()
  const said: string[] = []
  const args = ['-B', '-q', '-f', pom, `dependency:${goal}`, `-DoutputDirectory=${into}`]
  const child = spawn(maven, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal } : {}) })
  for (const output of [child.stdout, child.stderr])
    createInterface({ input: output }).on('line', line => said.push(line.replace(ansi, '')))
  const failure = await new Promise<Error | null>(resolve => {
    child.on('error', resolve)
    child.on('close', (code, killed) => resolve(code === 0 ? null : new Error(`Maven ended with ${killed ?? code}`)))
  })
  if (!failure) return
  signal?.throwIfAborted()
  if ('code' in failure && failure.code === 'ENOENT')
    throw new EmbeddedPartError(
      'maven_missing',
      `Embedded ${part.name} is downloaded by Maven, and there is no \`mvn\` on the path. Install it (Debian, Ubuntu: apt install maven; macOS: brew install maven; it is needed once), or set ${part.instead}.`,
      failure,
    )
  const why = said.filter(line => line.includes('ERROR')).slice(0, 5)
  throw new EmbeddedPartError(
    'download_failed',
    `${title} could not be downloaded by Maven. Start again when the network is back, or set ${part.instead}. Maven says:\n${(why.length > 0 ? why : said.slice(-5)).join('\n')}`,
    failure,
  )
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with one
const ansi = /\u001b\[[\d;]*m/g
