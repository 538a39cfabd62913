import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { firstRows } from '../../src/sources/structured/first-rows.ts'
import { structuredSource } from '../../src/sources/structured/structured-source.ts'
import { specOfTables, tableFilesBelow, tablePlacesBelow } from '../kit/table-files.ts'

const examples = resolve(import.meta.dirname, '../../examples')
const files = tableFilesBelow(examples)
const spec = specOfTables({ type: 'structured', path: '04-tables', mapping_file: '04-tables/mapping.yaml' })
const { signal } = new AbortController()

test('the mapping of the example fits its file, and its rows are typed as the page says', async () => {
  const found = await firstRows(tablePlacesBelow(examples))(spec, 5, signal, null)
  expect(found).toMatchObject({
    tables: [
      {
        table: 'customers',
        rows: [
          { row: 1, cells: ['1', 'Heron "Water" Works', 'Zürich', '1234.5', '2016-02-29', 't'] },
          { row: 2, cells: ['2', 'Kingfisher & Daughters', 'Bern\nWankdorf', null, '2020-07-01', 'f'] },
        ],
        rejected: [{ row: 3, message: expect.stringContaining('"Since" is "31.02.2021"') }],
      },
    ],
  })
})

test('its rows become documents by the template, and the one that is wrong a reject by its number', async () => {
  const bite = await structuredSource({ files, spec, asker: 'job' }).bite(null, signal)
  expect(bite.documents.map(one => [one.uri.split('/').at(-1), 'text' in one && one.text])).toEqual([
    ['customers.csv#key=1', 'Heron "Water" Works of Zürich is a customer since 2016-02-29, with a turnover of 1234.5.'],
    [
      'customers.csv#key=2',
      'Kingfisher & Daughters of Bern\nWankdorf is a customer since 2020-07-01, with a turnover of .',
    ],
  ])
  expect(bite.tabled?.rejects).toMatchObject([{ code: 'bad_row', uri: expect.stringMatching(/customers\.csv#row=3$/) }])
  expect(bite.next).toBeNull()
})
