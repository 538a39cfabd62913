/**
 * The last committed version of each record type, as a file: what is in topics was written by it, so the current
 * version must read it. `npm run schemas:commit` brings the files up to date, and refuses what could not be read.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RecordSchema } from '../../src/schemas/avro.ts'
import { topics } from '../../src/schemas/topics.ts'
import { typeOf } from '../../src/schemas/wire-codec.ts'

const folder = join(import.meta.dirname, 'committed')
const fileOf = (name: string): string => join(folder, `${name}.avsc`)

const nameOf = ({ namespace, name }: RecordSchema): string => (namespace ? `${namespace}.${name}` : name)

/** Every record type of the line, by its full name. */
export const currentSchemas: ReadonlyMap<string, RecordSchema> = new Map(
  topics.flatMap(({ records }) => records.map((schema: RecordSchema) => [nameOf(schema), schema] as const)),
)

export const committedNames = (): string[] =>
  readdirSync(folder)
    .filter(file => file.endsWith('.avsc'))
    .map(file => file.slice(0, -'.avsc'.length))

/** null for a record type that was never committed. */
export const committedText = (name: string): string | null =>
  existsSync(fileOf(name)) ? readFileSync(fileOf(name), 'utf8') : null

export const textOf = (schema: RecordSchema): string => `${JSON.stringify(schema, null, 2)}\n`

/** Throws, with what is wrong, when `reader` could not read what `writer` wrote. */
export const checkReads = (reader: object, writer: object): void => {
  const [read, written] = [typeOf(reader), typeOf(writer)]
  const resolver = read.createResolver(written)
  for (let i = 0; i < 20; i++) read.fromBuffer(written.toBuffer(written.random()), resolver)
}

/** Names of the files that were written. */
export const commitSchemas = (): string[] =>
  [...currentSchemas].flatMap(([name, schema]) => {
    const before = committedText(name)
    if (before === textOf(schema)) return []
    if (before !== null)
      try {
        checkReads(schema, JSON.parse(before))
      } catch (cause) {
        throw new Error(
          `The new schema of ${name} cannot read records of the committed one. Give each new field a default and keep the old ones; only before a first release, delete ${fileOf(name)} and run this again.`,
          { cause },
        )
      }
    writeFileSync(fileOf(name), textOf(schema))
    return [name]
  })
