import type { Command } from 'commander'
import type { Client } from '../api/client.ts'
import type { RepairReport, VerifyReport } from '../api/contract/verify.ts'
import { type CliContext, ExitCode, UsageError } from './context.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { type PageQuery, readPages } from './pages.ts'
import { counted, say, sayJson } from './text.ts'
import { conclusion, repairables, repairLines, reportLines, scopeOf } from './verify-text.ts'

interface Flags {
  readonly limit: number
  readonly repair?: true
  readonly yes?: true
  readonly json?: true
}

/** Something differs; 1 is for what could not be done. */
const differs = 3

export const registerVerify = (program: Command, context: CliContext): void => {
  program
    .command('verify')
    .summary('compare what is stored, and repair what is safe')
    .description(
      'Compares jobs, documents, versions, chunks, vectors and offsets, and says what differs. With a knowledge base: ' +
        'that one; else all of them, and what belongs to none. Exit code 3 if something differs.',
    )
    .argument('[kb]', 'the knowledge base; all unless stated')
    .option('--repair', 'then do what changes nothing of what readers see, after saying what that is')
    .option('--yes', 'with --repair: do not ask')
    .option('--limit <number>', 'differences to list of each code', integer, 20)
    .option(...jsonFlag)
    .addHelpText('after', examples('verify', 'verify handbook --json', 'verify handbook --repair --yes'))
    .action((kb: string | undefined, flags: Flags) => verify(context, kb, flags))
}

const verify = async (context: CliContext, kb: string | undefined, flags: Flags): Promise<void> => {
  if (flags.yes && !flags.repair) throw new UsageError('--yes is for --repair')
  const client = await context.client()
  const before = await reportsOf(context, client, kb, flags)
  if (!flags.json) for (const line of before.flatMap(reportLines)) say(context.stdout, line)
  const repairs =
    flags.repair && (await agreed(context, before, flags)) ? await repair(context, client, before, flags) : []
  const after = before.map(report => repairs.find(one => one.report.kb_id === report.kb_id)?.report ?? report)
  if (flags.json)
    sayJson(context.stdout, {
      reports: after,
      ...(flags.repair ? { before, repaired: repairs.flatMap(repairedOf) } : {}),
    })
  else if (repairs.length > 0) {
    for (const { kb_id, code, count } of repairs.flatMap(repairedOf))
      say(context.stdout, `Repaired ${code} in ${scopeOf(kb_id)}: ${counted(count, 'time')}.`)
    for (const { report } of repairs) for (const line of reportLines(report)) say(context.stdout, line)
  }
  if (!flags.json && (after.length > 1 || repairs.length > 0)) say(context.stdout, conclusion(after))
  if (after.some(({ status }) => status === 'differs')) throw new ExitCode(differs)
  if (after.some(({ not_compared }) => not_compared.length > 0)) throw new ExitCode(1)
}

const reportsOf = async (context: CliContext, client: Client, kb: string | undefined, { limit }: Flags) => {
  const query = { limit }
  const { signal } = context
  const scopes = kb === undefined ? [null, ...(await allOf(client, signal))] : [kb]
  const reports: VerifyReport[] = []
  for (const [i, kb_id] of scopes.entries()) {
    if (context.stderr.isTTY) say(context.stderr, `verifying ${scopeOf(kb_id)} (${i + 1} of ${scopes.length}) …`)
    reports.push(
      kb_id === null
        ? await client.verifyInstallation({ query }, signal)
        : await client.verify({ params: { kb_id }, query }, signal),
    )
  }
  return reports
}

const allOf = async (client: Client, signal: AbortSignal): Promise<readonly string[]> => {
  const read = (query: PageQuery) => client.knowledgeBases({ query }, signal)
  return (await readPages('knowledge_bases', Infinity, read)).found.map(({ kb_id }) => kb_id)
}

/** Lists what would be done, and has it agreed to: by a person, or by --yes. */
const agreed = async (context: CliContext, reports: readonly VerifyReport[], flags: Flags): Promise<boolean> => {
  const lines = repairLines(reports)
  if (lines.length === 0) {
    if (reports.some(({ status }) => status === 'differs')) say(context.stderr, 'Nothing of it can be repaired safely.')
    return false
  }
  say(context.stderr, 'Repairs, none of which changes what readers see:')
  for (const line of lines) say(context.stderr, line)
  if (flags.yes) return true
  const answer = await context.confirm('Do this?')
  if (answer === null) throw new UsageError('there is no terminal to ask at: add --yes to do what is listed')
  if (!answer) say(context.stderr, 'Nothing was changed.')
  return answer
}

const repair = async (
  { signal }: CliContext,
  client: Client,
  reports: readonly VerifyReport[],
  { limit }: Flags,
): Promise<readonly RepairReport[]> => {
  const done: RepairReport[] = []
  for (const { kb_id, totals } of reports) {
    const codes = repairables(totals).map(({ code }) => code)
    if (codes.length === 0) continue
    const call = { query: { limit }, body: { codes } }
    done.push(
      kb_id === null
        ? await client.repairInstallation(call, signal)
        : await client.repair({ params: { kb_id }, ...call }, signal),
    )
  }
  return done
}

const repairedOf = ({ repaired, report: { kb_id } }: RepairReport) =>
  repaired.map(({ code, count }) => ({ kb_id, code, count }))
