import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kinds, kindsNamed } from './kinds.ts'
import { planted } from './planted.ts'
import { schedule } from './schedule.ts'

const guarantees = readFileSync(join(import.meta.dirname, '../../docs/GUARANTEES.md'), 'utf8')

test('docs/GUARANTEES.md names every kind of fault with its rows and what it threatens, and no other', () => {
  const lines = [...guarantees.matchAll(/^\| (.+) \| (.+) \| (.+) \|$/gm)].map(([line]) => line)
  const table = lines.slice(lines.indexOf('| fault | row | threatens |') + 1)
  expect(table).toEqual(kinds.map(({ name, rows, threatens }) => `| ${name} | ${rows.join(', ')} | ${threatens} |`))
})

test('a row of the matrix is no part of another number', () => {
  expect(kindsNamed(['row 8']).flatMap(({ rows }) => rows)).not.toContain(18)
  expect(kindsNamed(['row 8', 'ROW 1']).length).toBe(kindsNamed(['row 8']).length + kindsNamed(['row 1']).length)
  expect(kindsNamed(['kill of the API']).map(({ name }) => name)).toEqual(['kill of the API'])
  expect(kindsNamed([''])).toEqual(kinds)
})

test('kinds have names of their own, and each planted bug one that exists', () => {
  const names = kinds.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { caughtBy } of planted) expect(names.filter(name => name.includes(caughtBy))).not.toEqual([])
})

test('a seed gives the same schedule again, in which each kind comes as often as every other give or take one', () => {
  const [one, again, other] = [schedule(kinds, 100, 7), schedule(kinds, 100, 7), schedule(kinds, 100, 8)]
  expect(again).toEqual(one)
  expect(other).not.toEqual(one)
  const times = [...Map.groupBy(one, ({ kind }) => kind.name).values()].map(all => all.length)
  expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1)
})
