import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { CliContext, Output } from './cli/context.ts'
import { ExitCode, UsageError } from './cli/context.ts'
import { examples, jsonFlag } from './cli/options.ts'
import { processContext } from './cli/process-context.ts'
import { buildProgram, runProgram } from './cli/program.ts'
import { findServer } from './cli/server-url.ts'
import { say, sayJson, table } from './cli/text.ts'
import { type Config, describeConfig, loadConfig } from './config.ts'
import { registerRecover } from './recover-verb.ts'
import { parentGone, tellParentReady } from './supervisor/parent-channel.ts'
import { version } from './version.ts'

/**
 * The `penstock` command. The verbs that talk to a running Penstock are in `cli/`; those that are one are composed here:
 * `up`, `run ROLE...`, `migrate`, `recover` and `quickstart`. What they need is imported when they run, so that the others start fast.
 */
const registerUp = (program: Command, context: CliContext): void => {
  program
    .command('up')
    .summary('run everything on this machine')
    .description(
      'Starts Kafka, a schema registry and PostgreSQL with pgvector as children with their data in the data folder ' +
        '(KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL each replace one), then every role. Ctrl-C ends all of it.',
    )
    .option('--port <number>', 'port of the API; 0 takes a free one')
    .option('--data-dir <folder>', 'where the embedded parts keep their data')
    .option('--json', 'print {"url"} when it is ready; the rest goes to stderr')
    .addHelpText('after', examples('up', 'up --port 0 --data-dir /var/lib/penstock'))
    .action(async (flags: Record<string, unknown>) => {
      const running = await startUp(loadConfig({ flags }), flags.json ? context.stderr : context.stdout, context)
      if (flags.json) say(context.stdout, JSON.stringify({ url: running.url }))
      else say(context.stdout, `Penstock is ready at ${running.url}`)
      await untilEnded(running, context)
    })
}

const registerRun = (program: Command, context: CliContext): void => {
  program
    .command('run')
    .summary('run some roles in this process')
    .description(
      'Runs roles of the line in this process, against the parts that KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL name.',
    )
    .argument('<role...>', 'intake, loading, chunking, embedding, indexing, tabulating, finishing, coordinator, api')
    .option('--json', 'print {"roles", "url", "operating"} when they run, instead of text')
    .addHelpText('after', examples('run embedding', 'run coordinator api'))
    .action(async (names: readonly string[], { json }: { readonly json?: true }) => {
      const { openProcess } = await import('./open-process.ts')
      const { withLastWords } = await import('./last-words.ts')
      const { config, log, telemetry } = await openProcess()
      const { isRole, roleNames, startRoles } = await import('./roles.ts')
      const unknown = names.filter(name => !isRole(name))
      if (unknown.length > 0)
        throw new UsageError(`There is no role ${unknown.join(', ')}. The roles are ${roleNames.join(', ')}.`)
      await withLastWords({ log, config, signal: context.signal }, async () => {
        const running = await startRoles(names.filter(isRole), config, log, telemetry)
        tellParentReady()
        if (json) say(context.stdout, JSON.stringify({ roles: names, url: running.url, operating: running.operating }))
        else if (!process.connected)
          say(
            context.stderr,
            `Running: ${names.join(', ')}${running.url ? `, the API at ${running.url}` : ''}, metrics at http://${running.operating}/metrics`,
          )
        await untilEnded({ ...running, stop: () => running.stop().finally(telemetry.shutdown) }, context)
      })
    })
}

const registerMigrate = (program: Command, context: CliContext): void => {
  program
    .command('migrate')
    .summary('bring the database up to date')
    .argument('[direction]', 'up, down or status', 'up')
    .option('--to <name>', 'with down: the newest migration to keep, or 0 for none')
    .option(...jsonFlag)
    .addHelpText('after', examples('migrate', 'migrate status --json', 'migrate down --to Migration0001_knowledge'))
    .action(async (direction: string, flags: { readonly to?: string; readonly json?: true }) => {
      const { migrate } = await import('./migrate-verb.ts')
      const result = await migrate(direction, flags.to, loadConfig())
      if (flags.json) return sayJson(context.stdout, result)
      if (result.changed.length > 0)
        say(context.stdout, `${direction === 'down' ? 'Taken back' : 'Applied'}: ${result.changed.join(', ')}`)
      for (const line of table(
        ['MIGRATION', 'STATE'],
        result.migrations.map(({ name, state }) => [name, state]),
      ))
        say(context.stdout, line)
    })
}

const registerQuickstart = (program: Command, context: CliContext): void => {
  program
    .command('quickstart')
    .summary('set up, ingest a folder of Markdown and search it')
    .description('Does what `up` does, then ingests a folder of Markdown, shows the phases move, and searches it.')
    .argument('[folder]', 'a folder of Markdown; the documentation of the installed packages without it')
    .option('--once', 'end after the searches; exit code 1 if anything was lost')
    .option('--json', 'print {"url", "kb_id", "whole"} after the searches; the rest goes to stderr')
    .addHelpText('after', examples('quickstart', 'quickstart docs --once'))
    .action(async (folder: string | undefined, { once, json }: { readonly once?: true; readonly json?: true }) => {
      const { keyToShow, quickstart } = await import('./quickstart.ts')
      const { findCorpus } = await import('./quickstart-corpus.ts')
      const corpus = findCorpus(folder ?? null, context.cwd)
      const config = loadConfig(folder === undefined ? {} : { flags: { fileRoots: [corpus.path, context.cwd] } })
      const apiKey = keyToShow(config)
      const output = json ? context.stderr : context.stdout
      const running = await startUp(config, output, context)
      try {
        const whole = await quickstart({ ...context, output, url: running.url, apiKey, corpus })
        if (json) say(context.stdout, JSON.stringify({ url: running.url, kb_id: corpus.kb, whole }))
        if (once) {
          if (!whole) throw new ExitCode(1)
          return
        }
        say(output, `\nPenstock stays up at ${running.url}, in a browser too (Ctrl-C ends it).`)
        if (apiKey !== null && config.api.key === null)
          say(
            output,
            'It wants a key: set PENSTOCK_API_KEY to your PENSTOCK_ADMIN_KEY, or to one that you make with it.',
          )
        say(output, `Try: npx penstock search ${corpus.kb} YOUR QUESTION`)
        await untilEnded(running, context)
      } finally {
        await running.stop()
      }
    })
}

/** Starts everything; what it does meanwhile is told on `output`. */
const startUp = async (config: Config, output: Output, context: CliContext) => {
  const { up } = await import('./up.ts')
  const { createLogger } = await import('./telemetry/log.ts')
  const started = performance.now()
  return up({
    config,
    log: await createLogger(config),
    signal: context.signal,
    say: line => say(output, `${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`),
  })
}

/** How long an orderly end may take. */
const stopWithinMs = 10_000

/** Waits for a signal, the end of the parent or a failure, then stops. */
const untilEnded = async (
  running: { readonly failed: Promise<Error>; stop(): Promise<void> },
  context: CliContext,
): Promise<void> => {
  const asked = new Promise<null>((resolve, reject) => {
    if (context.signal.aborted) resolve(null)
    context.signal.addEventListener('abort', () => resolve(null), { once: true })
    parentGone().then(() => resolve(null), reject)
  })
  const error = await Promise.race([asked, running.failed])
  const late = setTimeout(() => {
    say(context.stderr, `error: not stopped within ${stopWithinMs / 1000} s`)
    process.exit(1)
  }, stopWithinMs)
  await running.stop()
  clearTimeout(late)
  // KafkaJS unwinds its retries after its connections were closed; nothing of ours is in flight any more.
  setTimeout(() => process.exit(), 500).unref()
  if (error) throw error
}

/** The address that a running `up` wrote into its data folder. */
const announced = async (config: Config): Promise<string | null> => {
  const file = join(config.dataDir, 'holder.json')
  if (!existsSync(file)) return null
  const { url } = JSON.parse(readFileSync(file, 'utf8')) as { readonly url: string | null }
  return url
}

const serverUrl = async (): Promise<string> => {
  const config = loadConfig()
  const chosen = describeConfig().some(
    one => ['PENSTOCK_URL', 'PENSTOCK_PORT'].includes(one.env) && one.from !== 'default',
  )
  return findServer({ url: config.api.url, chosen, running: () => announced(config) })
}

const context = processContext({
  version,
  serverUrl,
  apiKey: () => loadConfig().api.key,
  createKey: async request => (await import('./keys-verb.ts')).createKeyDirectly(request, loadConfig()),
  settings: () => describeConfig(),
})
const program = buildProgram(context)
for (const register of [registerUp, registerRun, registerMigrate, registerRecover, registerQuickstart])
  register(program, context)
process.exitCode = await runProgram(program, process.argv.slice(2), context)
