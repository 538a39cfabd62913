import { globSync, realpathSync, statSync } from 'node:fs'
import { basename, join, matchesGlob, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What the quickstart ingests, and the files it must find again afterwards. */
export interface Corpus {
  /** The folder, in full. */
  readonly path: string
  /** The knowledge base for it: one a folder, so that nothing of another comes into its counts and searches. */
  readonly kb: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** For each file the names it may go by: its URL, and that of what it links to. */
  readonly files: readonly (readonly string[])[]
  /** What to search for; null: the titles of some of its documents. */
  readonly queries: readonly string[] | null
}

const include = '**/*.{md,markdown,mdx}'
/** The package of Node itself: what is below it depends on how often npm has run. */
const nodeItself = 'node/**'
const queries = ['how to pause a consumer', 'validate options with a schema', 'connection pool timeout']

/**
 * The Markdown of a folder, or of the installed packages when it is null. Counted apart from the source, to hold it
 * against what comes out. Throws a sentence when there is none.
 */
export const findCorpus = (folder: string | null, cwd: string): Corpus => {
  const path = resolve(cwd, folder ?? 'node_modules')
  const instead = 'Give another folder: npm run quickstart -- FOLDER'
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new Error(`${path} does not exist. ${instead}`)
  if (!found.isDirectory()) throw new Error(`${path} is not a folder. ${instead}`)
  const exclude = folder === null ? [nodeItself] : []
  const files = globSync(include, { cwd: path })
    .filter(file => !file.split('/').some(name => name.startsWith('.')))
    .filter(file => !exclude.some(pattern => matchesGlob(file, pattern)))
    .map(file => join(path, file))
    .filter(file => statSync(file, { throwIfNoEntry: false })?.isFile())
  if (files.length === 0) throw new Error(`There is no Markdown below ${path}. ${instead}`)
  return {
    path,
    kb: folder === null ? 'quickstart' : `quickstart-${slug(basename(path))}`,
    include: [include],
    exclude,
    files: files.map(file => [...new Set([file, realpathSync(file)])].map(name => pathToFileURL(name).href)),
    queries: folder === null ? queries : null,
  }
}

/** What a knowledge base may be called. */
const slug = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40) || 'folder'
