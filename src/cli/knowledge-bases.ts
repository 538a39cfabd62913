import type { Command } from 'commander'
import type { KnowledgeBase } from '../api/contract/answers.ts'
import { type ChunkingFlags, chunkingOf, chunkingOptions } from './chunking-flags.ts'
import { type CliContext, UsageError } from './context.ts'
import { registerDelete } from './delete.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { readPages, sayIfMore } from './pages.ts'
import { counted, oneLine, say, sayJson, table } from './text.ts'

interface ListFlags {
  readonly limit?: number
  readonly json?: true
}

interface Flags {
  readonly limit: number
  readonly after?: string
  readonly json?: true
}

interface SetFlags extends ChunkingFlags {
  readonly json?: true
}

export const registerKnowledgeBases = (program: Command, context: CliContext): void => {
  const kb = program
    .command('kb')
    .summary('look at knowledge bases, change or delete one')
    .description(
      'Looks at knowledge bases and at the documents in them, changes how they are cut, and deletes knowledge bases.',
    )
    .addHelpText(
      'after',
      examples(
        'kb list',
        'kb show handbook',
        'kb documents handbook --limit 100',
        'kb set handbook --chunk-size 256',
        'kb delete handbook',
      ),
    )
  kb.command('list')
    .description('Lists all knowledge bases.')
    .option('--limit <number>', 'most to list; all unless stated', integer)
    .option(...jsonFlag)
    .action((flags: ListFlags) => list(context, flags))
  kb.command('show')
    .description('Shows what a knowledge base holds, and how it was made.')
    .argument('<kb>', 'the knowledge base')
    .option(...jsonFlag)
    .action((id: string, flags: Flags) => show(context, id, flags))
  kb.command('documents')
    .description('Lists the documents of a knowledge base, page by page.')
    .argument('<kb>', 'the knowledge base')
    .option('--limit <number>', 'documents on a page', integer, 50)
    .option('--after <cursor>', 'the page after this cursor')
    .option(...jsonFlag)
    .action((id: string, flags: Flags) => documents(context, id, flags))
  chunkingOptions(
    kb
      .command('set')
      .summary('change how the documents of a knowledge base are cut')
      .description(
        'Changes how the documents of a knowledge base are cut, by its next jobs and those of its schedules, which make ' +
          'them anew. What is not named stays; a job that is unfinished goes on as it began.',
      )
      .argument('<kb>', 'the knowledge base'),
  )
    .option(...jsonFlag)
    .addHelpText('after', examples('kb set handbook --chunk-size 256 --chunk-overlap 32'))
    .action((id: string, flags: SetFlags) => change(context, id, flags))
  registerDelete(kb, context)
}

const list = async (context: CliContext, { limit = Infinity, json }: ListFlags): Promise<void> => {
  const client = await context.client()
  const { found, next } = await readPages('knowledge_bases', limit, query =>
    client.knowledgeBases({ query }, context.signal),
  )
  if (json) return sayJson(context.stdout, { knowledge_bases: found, next })
  if (found.length === 0)
    return say(context.stdout, 'There are no knowledge bases yet. Make one with: penstock ingest FOLDER --kb ID')
  const rows = found.map(kb => [kb.kb_id, kb.documents, kb.chunks, modelOf(kb.embedding), kb.created_at])
  for (const line of table(['KB', 'DOCUMENTS', 'CHUNKS', 'EMBEDDING', 'CREATED'], rows)) say(context.stdout, line)
  sayIfMore(context.stderr, next)
}

const show = async (context: CliContext, id: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const kb = await client.knowledgeBase({ params: { kb_id: id } }, context.signal)
  if (flags.json) return sayJson(context.stdout, kb)
  say(
    context.stdout,
    `Knowledge base ${kb.kb_id}: ${counted(kb.documents, 'document')}, ${counted(kb.chunks, 'chunk')}`,
  )
  say(context.stdout, `  embedding ${modelOf(kb.embedding)}`)
  say(context.stdout, `  chunking  ${cutOf(kb.chunking)}`)
  say(context.stdout, `  created   ${kb.created_at}`)
  if (kb.deletion === null) return
  const { asked_at, waiting_for } = kb.deletion
  const waits = waiting_for === null ? '' : `; it waits for ${waiting_for}`
  say(context.stdout, `  is being deleted since ${asked_at}${waits}`)
}

const change = async (context: CliContext, id: string, { json, ...flags }: SetFlags): Promise<void> => {
  const chunking = chunkingOf(flags)
  if (Object.keys(chunking).length === 0)
    throw new UsageError('say what to change: --strategy, --chunk-size or --chunk-overlap')
  const client = await context.client()
  const kb = await client.changeKnowledgeBase({ params: { kb_id: id }, body: { chunking } }, context.signal)
  if (json) return sayJson(context.stdout, kb)
  say(context.stdout, `The next jobs of ${id} cut its documents by ${cutOf(kb.chunking)}.`)
}

const documents = async (context: CliContext, id: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const query = { limit: flags.limit, ...(flags.after === undefined ? {} : { after: flags.after }) }
  const page = await client.documents({ params: { kb_id: id }, query }, context.signal)
  if (flags.json) return sayJson(context.stdout, page)
  const rows = page.documents.map(one => [one.document_id, one.chunks, oneLine(one.title, 60), oneLine(one.uri, 200)])
  for (const line of table(['DOCUMENT', 'CHUNKS', 'TITLE', 'URI'], rows)) say(context.stdout, line)
  if (page.next !== null) say(context.stdout, `There are more: penstock kb documents ${id} --after '${page.next}'`)
}

const cutOf = ({ strategy, chunk_size, chunk_overlap }: KnowledgeBase['chunking']): string =>
  `${strategy}, ${chunk_size} tokens with ${chunk_overlap} of overlap`

const modelOf = (embedding: { provider: string; model: string; dimensions: number }): string =>
  `${embedding.provider}:${embedding.model}:${embedding.dimensions}`
