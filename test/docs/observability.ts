import { readFileSync } from 'node:fs'
import type { Instrument } from '../../src/telemetry/instrument.ts'
import { instruments } from '../../src/telemetry/instruments.ts'
import { logFields } from '../../src/telemetry/log-fields.ts'
import { tableOf } from './table-of.ts'

const exposedBy: Readonly<Record<Instrument['from'], string>> = {
  stages: 'workers of stages',
  line: 'workers of stages, and INTAKE',
  embedding: 'EMBEDDING, and the API for searches',
  coordinator: 'the coordinator',
  admission: 'who admits jobs: the API, the coordinator, INTAKE',
  api: 'the API',
  all: 'every process',
}

const metrics = () =>
  tableOf(
    ['metric', 'kind', 'labels', 'what it is', 'exposed by'],
    Object.values<Instrument>(instruments).map(({ name, kind, labels, help, buckets, from }) => [
      `\`${name}\``,
      kind,
      labels.map(label => `\`${label}\``).join(', '),
      buckets === undefined ? help : `${help} Buckets up to ${buckets.join(', ')} s.`,
      exposedBy[from],
    ]),
  )

const fields = () =>
  tableOf(
    ['field', 'type', 'what it is', 'in each line'],
    Object.entries(logFields).map(([name, { type, doc, always }]) => [`\`${name}\``, type, doc, always ? 'yes' : '']),
  )

const tables: Readonly<Record<string, () => string>> = { metrics, 'fields of the log': fields }

/** docs/OBSERVABILITY.md with its tables written from the code; what stands between them is for people to write. */
export const observabilityPage = (file: string): string =>
  Object.entries(tables).reduce(
    (page, [name, table]) => {
      const [begin, end] = [`<!-- ${name}: written by \`npm run docs\` -->`, `<!-- end of ${name} -->`]
      const [from, to] = [page.indexOf(begin), page.indexOf(end)]
      if (from < 0 || to < from) throw new Error(`docs/OBSERVABILITY.md has lost the place of its table of ${name}.`)
      return `${page.slice(0, from + begin.length)}\n${table()}\n${page.slice(to)}`
    },
    readFileSync(file, 'utf8'),
  )
