import { describe, expect, test } from 'vitest'
import type { RecordSchema } from '../../src/schemas/avro.ts'
import { chunk } from '../../src/schemas/chunk.ts'
import { checkReads, committedNames, committedText, currentSchemas, textOf } from './committed.ts'

describe('each record type', () => {
  test.each([...currentSchemas])('%s reads what its last committed version wrote', (name, schema) => {
    const committed = committedText(name)
    expect(committed, `${name} was never committed: run npm run schemas:commit`).not.toBeNull()
    expect(() => checkReads(schema, JSON.parse(committed!))).not.toThrow()
  })

  test.each([...currentSchemas])('%s is as committed', (name, schema) => {
    expect(committedText(name), 'run npm run schemas:commit, and commit the files it writes').toBe(textOf(schema))
  })

  test('has not gone: a topic still holds its records', () => {
    expect(committedNames().filter(name => !currentSchemas.has(name))).toEqual([])
  })
})

describe('the check itself', () => {
  const changed = (change: (fields: RecordSchema['fields']) => RecordSchema['fields']): RecordSchema => ({
    ...chunk,
    fields: change(chunk.fields),
  })

  test.each([
    ['a new field without a default', changed(fields => [...fields, { name: 'more', type: 'string' }])],
    [
      'a field of another type',
      changed(([type, ...rest]) => [type!, ...rest.map(each => ({ ...each, type: 'double' }) as const)]),
    ],
    ['another name', { ...chunk, name: 'Other' }],
  ])('refuses %s', (_what, reader) => {
    expect(() => checkReads(reader, chunk)).toThrow()
  })

  test.each([
    [
      'a new field with a default',
      changed(fields => [...fields, { name: 'more', type: ['null', 'string'], default: null }]),
    ],
    ['a field less', changed(fields => fields.filter(({ name }) => name !== 'tokens'))],
  ])('accepts %s', (_what, reader) => {
    expect(() => checkReads(reader, chunk)).not.toThrow()
  })
})
