import { type Command, Option } from 'commander'
import type { CreatedKey, KeyList } from '../api/contract/keys.ts'
import { type Scope, scopes } from '../api/contract/scopes.ts'
import { type CliContext, UsageError } from './context.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { readPages, sayIfMore } from './pages.ts'
import { say, sayJson, table } from './text.ts'

interface Flags {
  readonly name: string
  readonly scopes?: string
  readonly tenant?: string
  readonly expires?: number
  readonly direct?: true
  readonly json?: true
}

interface ListFlags {
  readonly limit?: number
  readonly json?: true
}

export const registerKeys = (program: Command, context: CliContext): void => {
  const keys = program
    .command('keys')
    .summary('make keys of the API, look at them, revoke them')
    .description(
      'Makes, lists and revokes keys of the API. On loopback none is needed; on any other address the API wants one ' +
        'with every call. The command line shows the one of PENSTOCK_API_KEY.',
    )
    .addHelpText(
      'after',
      examples('keys create --name ci --scopes read,ingest', 'keys list', 'keys revoke 3f9a1c20b7de'),
    )
  keys
    .command('create')
    .description('Makes a key and prints it: this once, it is kept nowhere.')
    .requiredOption('--name <text>', 'what it is for')
    .option('--scopes <list>', `what it may do: ${scopes.join(', ')} (admin may do all)`, 'read')
    .option('--tenant <name>', 'whose knowledge bases it opens; your own unless given')
    .option('--expires <days>', 'days for which it is good; until it is revoked unless given', integer)
    .addOption(new Option('--direct', 'write it to the database of DATABASE_URL, without a running Penstock'))
    .option(...jsonFlag)
    .action((flags: Flags) => create(context, flags))
  keys
    .command('list')
    .description('Lists the keys, the newest first: of all tenants with a key of the tenant default.')
    .option('--limit <number>', 'most to list; all unless stated', integer)
    .option(...jsonFlag)
    .action((flags: ListFlags) => list(context, flags))
  keys
    .command('revoke')
    .description('Revokes a key: within seconds it is good nowhere.')
    .argument('<key>', 'its id, as the list names it')
    .option(...jsonFlag)
    .action((id: string, flags: Flags) => revoke(context, id, flags))
}

const create = async (context: CliContext, flags: Flags): Promise<void> => {
  const body = {
    name: flags.name,
    scopes: scopesIn(flags.scopes ?? ''),
    ...(flags.tenant === undefined ? {} : { tenant: flags.tenant }),
    ...(flags.expires === undefined ? {} : { expires_in_days: flags.expires }),
  }
  const made: CreatedKey = flags.direct
    ? await context.createKey(body)
    : await (await context.client()).createKey({ body }, context.signal)
  if (flags.json) return sayJson(context.stdout, made)
  say(context.stdout, made.secret)
  const until = made.expires_at === null ? 'until it is revoked' : `until ${made.expires_at}`
  say(
    context.stderr,
    `Key ${made.key_id} of tenant ${made.tenant} may ${made.scopes.join(', ')} ${until}. Keep it now: it is not shown again.`,
  )
}

const scopesIn = (text: string): Scope[] => {
  const named = text.split(',').map(one => one.trim())
  const unknown = named.filter(one => !scopes.some(scope => scope === one))
  if (unknown.length > 0)
    throw new UsageError(`There is no scope '${unknown.join(', ')}'. The scopes are ${scopes.join(', ')}.`)
  return scopes.filter(scope => named.includes(scope))
}

const list = async (context: CliContext, { limit = Infinity, json }: ListFlags): Promise<void> => {
  const client = await context.client()
  const { found, next } = await readPages('keys', limit, query => client.keys({ query }, context.signal))
  if (json) return sayJson(context.stdout, { keys: found, next })
  if (found.length === 0)
    return say(context.stdout, 'There are no keys. Make one with: penstock keys create --name NAME --scopes read')
  const rows = found.map(key => [
    ...[key.key_id, key.tenant, key.scopes.join(','), stateOf(key), key.last_used_at ?? 'never', key.name],
  ])
  for (const line of table(['KEY', 'TENANT', 'SCOPES', 'STATE', 'LAST USED', 'NAME'], rows)) say(context.stdout, line)
  sayIfMore(context.stderr, next)
}

const stateOf = ({ revoked_at, expires_at }: KeyList['keys'][number]): string => {
  if (revoked_at !== null) return 'revoked'
  return expires_at !== null && new Date(expires_at) <= new Date() ? 'expired' : 'good'
}

const revoke = async (context: CliContext, id: string, flags: Flags): Promise<void> => {
  const answer = await (await context.client()).revokeKey({ params: { key_id: id } }, context.signal)
  if (flags.json) return sayJson(context.stdout, answer)
  say(context.stdout, `Key ${id} is revoked.`)
}
