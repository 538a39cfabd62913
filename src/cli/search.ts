import { type Command, Option } from 'commander'
import type { SearchAnswer } from '../api/contract/answers.ts'
import type { SearchBody } from '../api/contract/requests.ts'
import type { CliContext } from './context.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { oneLine, say, sayJson } from './text.ts'

interface Flags {
  readonly topK?: number
  readonly mode?: NonNullable<SearchBody['mode']>
  readonly uriPrefix?: string
  readonly json?: true
}

export const registerSearch = (program: Command, context: CliContext): void => {
  program
    .command('search')
    .summary('search a knowledge base')
    .argument('<kb>', 'the knowledge base')
    .argument('<query...>', 'what to look for; several words are one query')
    .option('--top-k <number>', 'most hits to show', integer)
    .addOption(new Option('--mode <mode>', 'what is compared').choices(['hybrid', 'vector', 'text']))
    .option('--uri-prefix <prefix>', 'only documents whose uri begins so')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('search handbook how do I rotate keys', 'search handbook --mode text "exactly once" --json'),
    )
    .action((kb: string, words: readonly string[], flags: Flags) => search(context, kb, words, flags))
}

const search = async (context: CliContext, kb: string, words: readonly string[], flags: Flags): Promise<void> => {
  const client = await context.client()
  const body: SearchBody = {
    kb_id: kb,
    query: words.join(' '),
    ...(flags.topK === undefined ? {} : { top_k: flags.topK }),
    ...(flags.mode === undefined ? {} : { mode: flags.mode }),
    ...(flags.uriPrefix === undefined ? {} : { filters: { uri_prefix: flags.uriPrefix } }),
  }
  const answer = await client.search({ body }, context.signal)
  if (flags.json) return sayJson(context.stdout, answer)
  if (answer.hits.length === 0) return say(context.stdout, 'Nothing was found.')
  for (const line of hitLines(answer.hits)) say(context.stdout, line)
}

/** Hits for people: number, score and headings, where it is, the id that `explain` takes, and how it begins. */
export const hitLines = (hits: SearchAnswer['hits']): string[] =>
  hits.flatMap((hit, index) => [
    `${index + 1}. ${hit.score.toFixed(4)}  ${oneLine(headingsOf(hit), 120)}`,
    `   ${oneLine(hit.uri, 200)}`,
    `   ${hit.chunk_id}`,
    `   ${oneLine(hit.text, 240)}`,
    '',
  ])

/** Title and headings; most documents begin with a heading that is their title. */
const headingsOf = ({ title, heading_path }: SearchAnswer['hits'][number]): string =>
  (heading_path[0] === title ? heading_path : [title, ...heading_path]).filter(Boolean).join(' › ')
