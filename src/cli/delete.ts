import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { type Client, ClientError } from '../api/client.ts'
import { type CliContext, UsageError } from './context.ts'
import { lookEveryMs, patiently } from './look.ts'
import { examples, jsonFlag } from './options.ts'
import { say, sayJson } from './text.ts'

interface Flags {
  readonly yes?: true
  readonly wait?: true
  readonly json?: true
}

export const registerDelete = (kb: Command, context: CliContext): void => {
  kb.command('delete')
    .summary('delete a knowledge base with all that is in it')
    .description(
      'Deletes a knowledge base: documents, tables, uploads, dead letters, schedules, and its jobs, which are cancelled ' +
        'first. Then its name is free. This cannot be taken back.',
    )
    .argument('<kb>', 'the knowledge base')
    .option('--yes', 'do not ask')
    .option('--wait', 'wait until it is gone, and say meanwhile what that waits for')
    .option(...jsonFlag)
    .addHelpText('after', examples('kb delete handbook', 'kb delete handbook --yes --wait'))
    .action((id: string, flags: Flags) => remove(context, id, flags))
}

const remove = async (context: CliContext, id: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  if (!flags.yes) {
    const sure = await context.confirm(`Delete the knowledge base ${id} with all that is in it, for good?`)
    if (sure === null) throw new UsageError('there is no terminal to ask at: add --yes to delete it')
    if (!sure) return say(context.stderr, 'Nothing was changed.')
  }
  const asked = await client.deleteKnowledgeBase({ params: { kb_id: id } }, context.signal)
  const tell = (line: string) => say(context.stderr, line)
  if (!flags.json && !flags.wait) say(context.stdout, `${id} is being deleted. See how far: penstock kb show ${id}`)
  if (flags.wait) await gone(client, id, asked.asked_at, { signal: context.signal, tell })
  if (flags.json) return sayJson(context.stdout, flags.wait ? { kb_id: id, deleted: true } : asked)
  if (flags.wait) say(context.stdout, `${id} is deleted. Its name is free.`)
}

/** Follows a deletion to its end, which one by the same name that somebody makes meanwhile comes after. */
const gone = async (
  client: Client,
  id: string,
  askedAt: string,
  { signal, tell }: { readonly signal: AbortSignal; tell(line: string): void },
): Promise<void> => {
  let said = ''
  const say = (line: string) => {
    if (line !== said) tell(line)
    said = line
  }
  for (;;) {
    const look = { signal, silent: say }
    const kb = await patiently(() => client.knowledgeBase({ params: { kb_id: id } }, signal), look).catch(missing)
    if (kb === null && !(await patiently(() => isHeld(client, id, signal), look))) return
    if (kb !== null && kb.deletion?.asked_at !== askedAt) return
    if (kb?.deletion?.waiting_for) say(`It waits for ${kb.deletion.waiting_for}.`)
    await pause(lookEveryMs, undefined, { signal })
  }
}

const missing = (error: unknown): null => {
  if (error instanceof ClientError && error.status === 404) return null
  throw error
}

/** A name that was held by uploads alone has no knowledge base to look at, and is being deleted all the same. */
const isHeld = (client: Client, id: string, signal: AbortSignal): Promise<boolean> =>
  client.uploads({ params: { kb_id: id }, query: {} }, signal).then(
    () => false,
    error => {
      if (error instanceof ClientError && error.code === 'kb_deleting') return true
      throw error
    },
  )
