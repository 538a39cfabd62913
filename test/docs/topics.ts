import type { Field, RecordSchema, Schema } from '../../src/schemas/avro.ts'
import { type Topic, topics } from '../../src/schemas/topics.ts'
import { tableOf } from './table-of.ts'

const kinds: Readonly<Record<Topic['kind'], string>> = {
  lanes: 'one partition a lane',
  upstream: 'as many partitions as set',
  compact: 'one partition; the last value of each key stays',
  single: 'one partition',
}

const hours = (ms: number) => ms / 3_600_000
const keptFor = ({ retentionMs }: Topic) =>
  retentionMs === -1
    ? 'as long as a job needs it'
    : hours(retentionMs) % 24 === 0
      ? `${hours(retentionMs) / 24} days`
      : `${hours(retentionMs)} hours`

const typeOf = (schema: Schema): string => {
  if (typeof schema === 'string') return schema
  if ('length' in schema) return `${typeOf(schema[1])} or null`
  if (schema.type === 'array') return `array of ${typeOf(schema.items)}`
  if (schema.type === 'map') return `map of ${typeOf(schema.values)}`
  if (schema.type === 'enum') return schema.symbols.map(symbol => `\`${symbol}\``).join(', ')
  return `record ${(schema as RecordSchema).name}`
}

/** Records that stand in a field are shown by their fields, with a dot before each. */
const inner = (schema: Schema): RecordSchema | null => {
  if (typeof schema === 'string') return null
  if ('length' in schema) return inner(schema[1])
  if (schema.type === 'array') return inner(schema.items)
  if (schema.type === 'map') return inner(schema.values)
  return schema.type === 'record' ? schema : null
}

const rowsOf = (fields: readonly Field[], before = ''): string[][] =>
  fields.flatMap(field => [
    [
      `\`${before}${field.name}\``,
      typeOf(field.type),
      field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``,
      field.doc ?? '',
    ],
    ...rowsOf(inner(field.type)?.fields ?? [], `${before}${field.name}.`),
  ])

const recordOf = (record: RecordSchema) =>
  `### ${record.name}\n\n${record.doc ?? ''}\n\n${tableOf(['field', 'type', 'default', 'meaning'], rowsOf(record.fields))}`

/** The same record may travel in two topics; it is told once. */
const recordsOf = (topic: Topic, told: Map<RecordSchema, string>) =>
  topic.records.map(record => {
    const where = told.get(record)
    if (where !== undefined) return `### ${record.name}\n\nAs in \`${where}\`.`
    told.set(record, topic.name)
    return recordOf(record)
  })

const sectionOf = (topic: Topic, told: Map<RecordSchema, string>) =>
  [
    `## \`${topic.name}\``,
    tableOf(
      ['key', 'written by', 'read by', 'partitions', 'kept for'],
      [[topic.key, topic.writers.join(', '), topic.readers.join(', '), kinds[topic.kind], keptFor(topic)]],
    ),
    ...recordsOf(topic, told),
  ].join('\n\n')

/** docs/TOPICS.md, from the map of topics. */
export const topicsPage = (): string => {
  const told = new Map<RecordSchema, string>()
  return `# Topics

The contracts of the line: every topic, who writes and who reads it, and the Avro records in it, in the wire format of
Confluent's schema registry. Each record type has a subject of its own, \`TOPIC-penstock.RECORD\`, with compatibility BACKWARD:
a new version reads what the one before it wrote, so a new field comes with a default. The first field, \`type\`, names the
record, so that readers of every language can tell them apart. Everything but what upstream systems write travels in
transactions: read it with \`read_committed\`. The schemas are committed as JSON in \`test/schemas/committed\`.

Upstream systems write \`upstream.documents\` ([SOURCES-EVENTS](SOURCES-EVENTS.md)) and \`job.commands\`, and read \`job.events\`
([JOBS](JOBS.md)). The other topics are for stages, Penstock's own and yours.

${topics.map(topic => sectionOf(topic, told)).join('\n\n')}
`
}
