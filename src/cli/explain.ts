import type { Command } from 'commander'
import type { ExplanationBody } from '../api/contract/explain-routes.ts'
import type { CliContext } from './context.ts'
import { examples, jsonFlag } from './options.ts'
import { oneLine, say, sayJson, table } from './text.ts'

export const registerExplain = (program: Command, context: CliContext): void => {
  program
    .command('explain')
    .summary('how a hit of a search came about')
    .description(
      'Shows the trace, the job and the record that a chunk or document came from, and the versions of code, model, ' +
        'chunker and schemas that made it.',
    )
    .argument('<kb>', 'the knowledge base')
    .argument('<hit>', 'the id of a chunk, as search prints it, or of a document')
    .option(...jsonFlag)
    .addHelpText('after', examples('explain handbook 5f0c…', 'explain handbook 5f0c… --json'))
    .action(async (kb_id: string, id: string, { json }: { readonly json?: true }) => {
      const client = await context.client()
      const found = await client.explain({ params: { kb_id, id } }, context.signal)
      if (json) return sayJson(context.stdout, found)
      for (const line of explanationLines(found)) say(context.stdout, line)
    })
}

export const explanationLines = (found: ExplanationBody): string[] => {
  const { made_by, origin } = found
  const rows: (readonly [string, string | null])[] = [
    ['document', `${oneLine(found.title, 120)} (${found.document_id})`],
    ['uri', oneLine(found.uri, 200)],
    ['chunk', found.chunk_id && `${found.chunk_id}, from character ${found.offset}`],
    ['source', found.source],
    ['version', `${found.version}, stored ${found.stored_at}`],
    ['job', found.job_id ?? 'not kept: it was stored by an earlier Penstock'],
    ['began with', origin && `record ${origin.offset} of ${origin.topic}, partition ${origin.partition}`],
    ['trace', found.trace_id ?? 'none: it was not traced'],
    ['see it at', found.trace_url],
    ['code', made_by && `Penstock ${made_by.code}`],
    ['model', made_by && modelOf(made_by.embedding)],
    ['chunker', made_by && chunkerOf(made_by)],
    [
      'schemas',
      made_by &&
        Object.entries(made_by.schemas)
          .map(([name, print]) => `${name} ${print}`)
          .join(', '),
    ],
  ]
  return table(
    [],
    rows.flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  )
}

type Maker = NonNullable<ExplanationBody['made_by']>

const modelOf = ({ provider, model, dimensions }: Maker['embedding']) =>
  `${provider}:${model}, ${dimensions} dimensions`

const chunkerOf = ({ chunker_revision, chunking: { strategy, chunk_size, chunk_overlap } }: Maker) =>
  `${strategy} ${chunk_size}/${chunk_overlap} tokens, revision ${chunker_revision}`
