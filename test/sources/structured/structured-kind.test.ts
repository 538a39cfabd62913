import { expect, test } from 'vitest'
import { FileOpener } from '../../../src/sources/file-opener.ts'
import { structuredSpec } from '../../../src/sources/specs/structured.ts'
import { kindsOver } from '../../kit/source-kinds.ts'

const { structured } = kindsOver(new FileOpener({ roots: ['/data'] }))
const idOf = (by: object) => structured.id(structuredSpec.parse({ type: 'structured', path: '/data/csv/', ...by }))
const tables = (...names: string[]) => ({
  mapping: {
    tables: names.map(table => ({
      ...{ table, files: ['a.csv'], columns: [{ column: 'No', name: 'no', type: 'integer' }] },
    })),
  },
})

test('a structured source is known by its path and its tables in any order, or by the file of its mapping', () => {
  expect(idOf(tables('b', 'a'))).toBe('structured:/data/csv#a,b')
  expect(idOf(tables('a', 'b'))).toBe(idOf(tables('b', 'a')))
  expect(idOf(tables('a'))).toBe('structured:/data/csv#a')
  expect(idOf({ mapping_file: '/data/m.yaml' })).toBe('structured:/data/csv#/data/m.yaml')
})
