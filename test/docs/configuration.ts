import { type Setting, settings } from '../../src/config/settings.ts'
import { tableOf } from './table-of.ts'

const heads: Readonly<Record<string, string>> = {
  dataDir: 'Folders',
  cacheDir: 'Folders',
}

/** The settings of one group of the schema stand together, as they do in `penstock.yaml`. */
const groupOf = ({ path }: Setting) => heads[path] ?? `\`${path.split('.')[0]}\``

const defaultOf = ({ defaultValue }: Setting): string => {
  if (defaultValue === null || defaultValue === undefined) return ''
  if (Array.isArray(defaultValue)) return defaultValue.length === 0 ? 'none' : `\`${defaultValue.join(',')}\``
  return `\`${String(defaultValue)}\``
}

const row = (setting: Setting) => [
  `\`${setting.key}\``,
  `\`${setting.env}\``,
  defaultOf(setting),
  setting.secret ? `${setting.doc} Never shown.` : setting.doc,
]

/** docs/CONFIGURATION.md, from the schema of the settings. */
export const configurationPage = (): string => {
  const groups = Map.groupBy(settings, groupOf)
  return `# Configuration

Every setting has a place in \`penstock.yaml\`, a variable of the environment and a flag. A flag wins over the environment, that
over the file, that over the default. The flag of \`PENSTOCK_DATA_DIR\` is \`--data-dir\`: the variable without \`PENSTOCK_\`, in
small letters. \`penstock config\` shows all of them as they are in force, and where each came from; secrets are hidden. What is
wrong is told at the start, all of it at once: a value out of its range, a name that is no setting.

\`penstock.yaml\` is looked for in the working folder. Relative paths count from where they were written: the folder of the file,
or the working folder. A dot in a key is a level of the file:

\`\`\`yaml
kafka:
  brokers: [kafka-1:9092, kafka-2:9092]
embedding:
  batch: 64
\`\`\`

Where no default stands below, the sentence beside it says what holds when nothing is set.

${[...groups]
  .map(([head, of]) => `## ${head}\n\n${tableOf(['in the file', 'variable', 'default', 'meaning'], of.map(row))}`)
  .join('\n\n')}
`
}
