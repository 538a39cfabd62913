import { relative } from 'node:path'
import { type Client, createClient } from './api/client.ts'
import type { DocumentPage } from './api/contract/answers.ts'
import type { DeadLetterCauses } from './api/contract/dead-letters.ts'
import { wantsKeys } from './api-access.ts'
import type { Output } from './cli/context.ts'
import { type PageQuery, readPages } from './cli/pages.ts'
import { watchJob } from './cli/progress.ts'
import { hitLines } from './cli/search.ts'
import { counted, number, oneLine, say } from './cli/text.ts'
import type { Config } from './config.ts'
import type { JobStatus } from './coordinator/jobs.ts'
import type { Corpus } from './quickstart-corpus.ts'

export interface QuickstartOptions {
  /** The running Penstock. */
  readonly url: string
  /** What it is shown; null where it wants none. */
  readonly apiKey: string | null
  readonly corpus: Corpus
  readonly cwd: string
  readonly output: Output
  readonly signal: AbortSignal
}

/**
 * The key to show: that of the command line, or the admin key that the API is started with; null where none is wanted.
 * Throws a sentence where one is and there is neither.
 */
export const keyToShow = (config: Pick<Config, 'api' | 'access'>): string | null => {
  if (!wantsKeys(config)) return null
  const key = config.api.key ?? config.access.adminKey
  if (key !== null) return key
  throw new Error(
    'The API is to want a key, since PENSTOCK_REQUIRE_KEYS is set or PENSTOCK_HOST is not loopback, and there is none to show. ' +
      'Set PENSTOCK_ADMIN_KEY to a secret of 32 characters or more (`openssl rand -hex 24` makes one), or PENSTOCK_API_KEY to ' +
      'a key that was made before.',
  )
}

/**
 * The main job, as a new user meets it: ingests a folder of Markdown through the line, shows the phases move, prints
 * counts, rates and three searches. Returns false when anything was lost.
 */
export const quickstart = async ({ url, apiKey, corpus, cwd, output, signal }: QuickstartOptions): Promise<boolean> => {
  const { kb, path, files } = corpus
  const client = createClient(url, { apiKey: apiKey ?? undefined })
  await untilFree(client, kb, { output, signal })
  say(
    output,
    `Ingesting ${counted(files.length, 'Markdown file')} below ${relative(cwd, path) || '.'} into knowledge base "${kb}".`,
  )
  const { include, exclude } = corpus
  const source = {
    type: 'markdown' as const,
    path,
    include: [...include],
    ...(exclude.length === 0 ? {} : { exclude: [...exclude] }),
  }
  const { job_id } = await client.ingest({ body: { kb_id: kb, sources: [source] } }, signal)
  const job = await watchJob(client, job_id, { output, json: false, signal })
  say(output)
  if (job.status !== 'completed') {
    say(output, `The job is ${job.status}: ${job.error?.message ?? job.message ?? 'no reason given'}`)
    return false
  }
  const documents = await documentsOf(client, kb, signal)
  const whole = await report(client, job, corpus, documents, output)
  for (const query of corpus.queries ?? titlesOf(documents)) await search(client, kb, query, output)
  return whole
}

/** A run that was interrupted goes on with the next start: its end is waited for. */
const untilFree = async (
  client: Client,
  kb: string,
  options: { readonly output: Output; readonly signal: AbortSignal },
): Promise<void> => {
  const { jobs } = await client.jobs({ query: { kb_id: kb, limit: 1 } }, options.signal)
  const [newest] = jobs
  if (newest === undefined || newest.completed_at !== null) return
  say(options.output, 'An earlier run was interrupted; it goes on where it was.')
  await watchJob(client, newest.job_id, { ...options, json: false })
}

type Documents = DocumentPage['documents']

const documentsOf = async (client: Client, kb: string, signal: AbortSignal): Promise<Documents> => {
  const read = (query: PageQuery) => client.documents({ params: { kb_id: kb }, query }, signal)
  return (await readPages('documents', Infinity, read)).found
}

/** Says what came of the files and names those that are neither indexed nor rejected; true when there are none. */
const report = async (
  client: Client,
  job: JobStatus,
  { files, kb }: Corpus,
  documents: Documents,
  output: Output,
): Promise<boolean> => {
  const { metrics } = job
  const { groups } = await client.deadLetters({ params: { job_id: job.job_id }, query: { limit: 1000 } })
  const chunks = documents.reduce((sum, document) => sum + document.chunks, 0)
  say(output, `${counted(documents.length, 'document')} and ${counted(chunks, 'chunk')} are in knowledge base "${kb}".`)
  say(output, rates(job))
  if (metrics.rejected > 0) say(output, `${number(metrics.rejected)} rejected:`)
  for (const { code, count, examples } of groups) {
    for (const { uri, message } of examples) say(output, `  ${code}: ${uri ?? ''} ${oneLine(message, 300)}`)
    if (count > examples.length) say(output, `  ${code}: and ${number(count - examples.length)} more`)
  }
  const lost = missing(files, documents, groups)
  if (lost.length === 0) return true
  say(output, `${counted(lost.length, 'file')} of ${number(files.length)} neither indexed nor rejected:`)
  for (const file of lost.slice(0, 10)) say(output, `  ${file}`)
  return false
}

const rates = ({ started_at, completed_at, metrics }: JobStatus): string => {
  if (metrics.chunks === 0 || started_at === null || completed_at === null)
    return 'Nothing had changed since the last run, so nothing had to be done.'
  const seconds = Math.max(Date.parse(completed_at) - Date.parse(started_at), 1) / 1000
  return (
    `This run took ${seconds.toFixed(1)} s: ${number(Math.round(metrics.documents / seconds))} documents/s, ` +
    `${number(Math.round(metrics.chunks / seconds))} chunks/s.`
  )
}

/** Files that nothing accounts for. Of a cause with many rejects only some are named; the others are given credit. */
const missing = (files: Corpus['files'], documents: Documents, groups: DeadLetterCauses['groups']): string[] => {
  const known = new Set<string | null>(documents.map(({ uri }) => uri))
  for (const { examples } of groups) for (const { uri } of examples) known.add(uri)
  const unnamed = groups.reduce((sum, { count, examples }) => sum + count - examples.length, 0)
  const unknown = files.filter(names => !names.some(name => known.has(name))).map(([name]) => name!)
  return unknown.length <= unnamed ? [] : unknown
}

/** Of the first, the middle and the last document. */
const titlesOf = (documents: Documents): string[] => {
  const some = [0, documents.length >> 1, documents.length - 1].map(i => documents[i]?.title)
  return [...new Set(some.filter(title => title !== undefined && title !== ''))] as string[]
}

const search = async (client: Client, kb: string, query: string, output: Output): Promise<void> => {
  const { hits } = await client.search({ body: { kb_id: kb, query, top_k: 3 } })
  say(output, `\n$ penstock search ${kb} ${query}`)
  for (const line of hitLines(hits)) if (line !== '') say(output, `  ${line}`)
}
