import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { codes } from '../../src/verify/codes.ts'

const page = readFileSync(new URL('../../docs/VERIFY.md', import.meta.url), 'utf8')

test('docs/VERIFY.md explains every code, says which are repaired, and knows no others', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| .+ \| (.*?) \| .*\|$/gm)].map(([, code, repair]) => [
    code,
    repair !== 'no' && !repair?.startsWith('no:'),
  ])
  const table = Object.entries(codes).map(([code, { repair }]) => [code, repair !== null])
  expect(rows.toSorted()).toEqual(table.toSorted())
})
