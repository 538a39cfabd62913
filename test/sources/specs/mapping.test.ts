import { describe, expect, it } from 'vitest'
import { mapping } from '../../../src/sources/specs/mapping.ts'

const mistakes = (columns: readonly object[]) =>
  mapping
    .safeParse({ tables: [{ table: 'xmin', columns }] })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)

const keys = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `k${i}`, type: 'text', key: true }))

describe('a mapping', () => {
  it.each(['xmin', 'xmax', 'cmin', 'cmax', 'ctid', 'tableoid'])('has no column named %s', name => {
    expect(mistakes([{ name, type: 'text' }])).toEqual([
      `tables.0.columns.0.name: is taken: PostgreSQL has a ${name} of its own in every table; choose another name (\`column\` is the one in the header)`,
    ])
  })

  it('may have names that only resemble those, and tables of any name', () => {
    expect(mistakes([{ column: 'xmin', name: 'XMIN', type: 'text' }])).toBeUndefined()
  })

  it('has at most 32 key columns, beside any number of others', () => {
    const other = { name: 'other', type: 'text' }
    expect(mistakes([...keys(32), other])).toBeUndefined()
    expect(mistakes([...keys(33), other])).toEqual([
      'tables.0.columns: must have at most 32 keys, as an index of PostgreSQL has',
    ])
  })
})
