import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { examples, jsonFlag } from './options.ts'
import { say, sayJson, table } from './text.ts'

export const registerConfig = (program: Command, context: CliContext): void => {
  program
    .command('config')
    .summary('show every setting and where it came from')
    .description(
      'Shows every setting and where it came from: defaults, penstock.yaml, the environment. Secrets are hidden.',
    )
    .option(...jsonFlag)
    .addHelpText('after', examples('config', 'config --json'))
    .action((flags: { readonly json?: true }) => {
      const settings = context.settings()
      if (flags.json) return sayJson(context.stdout, { settings })
      const rows = settings.map(({ key, env, value, from }) => [key, env, value ?? '-', from])
      for (const line of table(['SETTING', 'VARIABLE', 'VALUE', 'FROM'], rows)) say(context.stdout, line)
    })
}
