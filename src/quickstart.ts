import { globSync, statSync } from 'node:fs'
import { join, matchesGlob, relative, resolve } from 'node:path'
import { type Client, createClient } from './api/client.ts'
import type { Output } from './cli/context.ts'
import { watchJob } from './cli/progress.ts'
import { hitLines } from './cli/search.ts'
import { number, say } from './cli/text.ts'
import type { JobStatus } from './coordinator/jobs.ts'

export interface QuickstartOptions {
  /** The running Penstock. */
  readonly url: string
  /** A folder of Markdown; the documentation of the installed packages when null. */
  readonly folder: string | null
  readonly cwd: string
  readonly output: Output
  readonly signal: AbortSignal
}

const kb = 'quickstart'
const include = '**/*.{md,markdown,mdx}'
/** The package of Node itself: what is below it depends on how often npm has run. */
const exclude = 'node/**'
const searches = ['how to pause a consumer', 'validate options with a schema', 'connection pool timeout']

/**
 * The main job, as a new user meets it: ingests a folder of Markdown through the line, shows the phases move, prints
 * counts, rates and three searches. Returns false when anything was lost.
 */
export const quickstart = async ({ url, folder, cwd, output, signal }: QuickstartOptions): Promise<boolean> => {
  const path = resolve(cwd, folder ?? 'node_modules')
  const files = markdownBelow(path, folder === null ? exclude : null)
  if (files === 0)
    throw new Error(`There is no Markdown below ${path}. Give another folder: npm run quickstart -- FOLDER`)
  say(
    output,
    `Ingesting ${number(files)} Markdown files below ${relative(cwd, path) || '.'} into knowledge base "${kb}".`,
  )

  const client = createClient(url)
  const { job_id } = await client.ingest({
    body: {
      kb_id: kb,
      sources: [{ type: 'markdown', path, include: [include], exclude: folder === null ? [exclude] : [] }],
    },
  })
  const job = await watchJob(client, job_id, { output, json: false, signal })
  const whole = await report(client, job, files, output)
  for (const query of searches) await search(client, query, output)
  return whole
}

/** Counted apart from the source, to hold it against what came out. */
const markdownBelow = (path: string, without: string | null): number => {
  const hidden = (file: string) => file.split('/').some(name => name.startsWith('.'))
  const left = (file: string) => without !== null && matchesGlob(file, without)
  return globSync(include, { cwd: path }).filter(
    file => !hidden(file) && !left(file) && statSync(join(path, file)).isFile(),
  ).length
}

const report = async (client: Client, job: JobStatus, files: number, output: Output): Promise<boolean> => {
  const { metrics } = job
  const base = await client.knowledgeBase({ params: { kb_id: kb } })
  const seconds =
    job.started_at && job.completed_at ? (Date.parse(job.completed_at) - Date.parse(job.started_at)) / 1000 : null
  say(output)
  if (job.status !== 'completed') {
    say(output, `The job is ${job.status}: ${job.error?.message ?? job.message ?? 'no reason given'}`)
    return false
  }
  say(output, `${number(base.documents)} documents and ${number(base.chunks)} chunks are in the knowledge base.`)
  if (seconds !== null && metrics.chunks > 0)
    say(
      output,
      `This run took ${seconds.toFixed(1)} s: ${number(Math.round(metrics.documents / seconds))} documents/s, ` +
        `${number(Math.round(metrics.chunks / seconds))} chunks/s, ${number(metrics.rejected)} rejected.`,
    )
  else say(output, 'Nothing had changed since the last run, so nothing had to be done.')
  for (const group of (await client.deadLetters({ params: { job_id: job.job_id }, query: {} })).groups)
    for (const { uri, message } of group.examples) say(output, `  rejected (${group.code}): ${uri ?? ''} ${message}`)

  const lost = files - base.documents - metrics.rejected
  if (lost !== 0)
    say(
      output,
      `${number(files)} files were given, ${number(base.documents)} are indexed and ${number(metrics.rejected)} rejected: ${number(lost)} are missing.`,
    )
  return lost === 0
}

const search = async (client: Client, query: string, output: Output): Promise<void> => {
  const { hits } = await client.search({ body: { kb_id: kb, query, top_k: 3 } })
  say(output, `\n$ penstock search ${kb} ${query}`)
  for (const line of hitLines(hits)) if (line !== '') say(output, `  ${line}`)
}
