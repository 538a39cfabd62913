import { expect, test } from 'vitest'
import { commonSlots, headingPath, plainTitle, withHeading } from '../../src/chunking/headings.ts'

test.each([
  ['The `lane` **worker**', 'The lane worker'],
  ['[Install](https://a.b/c) it', 'Install it'],
  ['![logo](x.png) Penstock', 'logo Penstock'],
  ['snake_case and _emphasis_', 'snake_case and emphasis'],
  ['Setup {#setup}', 'Setup'],
  ['<a name="x"></a>Options', 'Options'],
  ['Two\nlines', 'Two lines'],
  ['1 \\* 2', '1 * 2'],
])('the title %j reads %j', (raw, plain) => {
  expect(plainTitle(raw)).toBe(plain)
})

test('a heading ends those of its level and below, and a skipped level keeps its place', () => {
  const deep = withHeading(withHeading([], 1, 'A'), 3, 'C')
  expect(deep).toEqual(['A', '', 'C'])
  expect(headingPath(deep)).toEqual(['A', 'C'])
  expect(withHeading(deep, 2, 'B')).toEqual(['A', 'B'])
})

test('what holds for a range with a heading inside is what stands above that heading', () => {
  expect(commonSlots(['A', 'B', 'C'], 3)).toEqual(['A', 'B'])
  expect(commonSlots(['A', 'B'], Number.POSITIVE_INFINITY)).toEqual(['A', 'B'])
})
