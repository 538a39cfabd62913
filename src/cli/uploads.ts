import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { readPages, sayIfMore } from './pages.ts'
import { number, oneLine, say, sayJson, table } from './text.ts'

interface Flags {
  readonly json?: true
}

interface ListFlags extends Flags {
  readonly limit?: number
}

export const registerUploads = (program: Command, context: CliContext): void => {
  const uploads = program
    .command('uploads')
    .summary('look at files that were uploaded, or delete them')
    .description('Looks at the files that were uploaded for a knowledge base (penstock upload), and deletes them.')
    .addHelpText('after', examples('uploads list handbook', 'uploads delete handbook letters/2026/a.docx'))
  uploads
    .command('list')
    .description('Lists the uploads of a knowledge base by their paths.')
    .argument('<kb>', 'the knowledge base')
    .option('--limit <number>', 'most to list; all unless stated', integer)
    .option(...jsonFlag)
    .action((kb: string, flags: ListFlags) => list(context, kb, flags))
  uploads
    .command('delete')
    .description('Deletes uploads. What was made of them goes with the next run of their source.')
    .argument('<kb>', 'the knowledge base')
    .argument('<path...>', 'as the list names them')
    .option(...jsonFlag)
    .action((kb: string, paths: readonly string[], flags: Flags) => remove(context, kb, paths, flags))
}

const list = async (context: CliContext, kb: string, { limit = Infinity, json }: ListFlags): Promise<void> => {
  const client = await context.client()
  const { found, next } = await readPages('uploads', limit, query =>
    client.uploads({ params: { kb_id: kb }, query }, context.signal),
  )
  if (json) return sayJson(context.stdout, { uploads: found, next })
  if (found.length === 0)
    return say(context.stdout, `${kb} has no uploads. Send some with: penstock upload FILE --kb ${kb}`)
  const rows = found.map(({ path, bytes, modified_at }) => [number(bytes), modified_at, oneLine(path, 1024)])
  for (const line of table(['BYTES', 'MODIFIED', 'PATH'], rows)) say(context.stdout, line)
  sayIfMore(context.stderr, next)
}

const remove = async (context: CliContext, kb: string, paths: readonly string[], { json }: Flags): Promise<void> => {
  const client = await context.client()
  for (const path of paths) {
    await client.deleteUpload({ params: { kb_id: kb, path } }, context.signal)
    if (!json) say(context.stdout, `${path} is deleted.`)
  }
  if (json) return sayJson(context.stdout, { kb_id: kb, deleted: paths })
  say(context.stdout, `What was made of it goes with the next run: penstock ingest --uploads --kb ${kb}`)
}
