import type { Command } from 'commander'
import type { CliContext } from './cli/context.ts'
import { examples, jsonFlag } from './cli/options.ts'
import { say, sayJson } from './cli/text.ts'
import { loadConfig } from './config.ts'
import type { Recovered } from './coordinator/recovering.ts'

/** `penstock recover`: gives the database that DATABASE_URL names to the Kafka that KAFKA_BROKERS names. */
export const registerRecover = (program: Command, context: CliContext): void => {
  program
    .command('recover')
    .summary('give a restored database to an empty Kafka')
    .description(
      'After a restore from a backup, before any role is started: the database that DATABASE_URL names goes on with the ' +
        'empty Kafka that KAFKA_BROKERS names. Jobs that were under way begin anew; those that had failed are given up.',
    )
    .option(...jsonFlag)
    .addHelpText('after', examples('recover', 'recover --json'))
    .action(async ({ json }: { readonly json?: true }) => {
      const result = await recovered()
      if (json) return sayJson(context.stdout, result)
      say(context.stdout, `The database goes on with this Kafka. Jobs that begin anew: ${listed(result.again)}.`)
      if (result.given_up.length > 0)
        say(context.stdout, `Given up, to be started again by \`penstock ingest\`: ${listed(result.given_up)}.`)
    })
}

const recovered = async (): Promise<Recovered> => {
  const { recover } = await import('./coordinator/recovering.ts')
  const { openParts } = await import('./parts.ts')
  const { createLogger } = await import('./telemetry/log.ts')
  const config = loadConfig()
  const parts = openParts(config, await createLogger(config), () => undefined)
  try {
    const { orm } = await parts.database()
    return await recover(orm.em, await parts.broker())
  } finally {
    await parts.close()
  }
}

const listed = (jobs: Recovered['again']): string =>
  jobs.map(({ job_id, kb_id }) => `${job_id} of ${kb_id}`).join(', ') || 'none'
