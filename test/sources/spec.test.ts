import { expect, test } from 'vitest'
import { sourceSpec } from '../../src/sources/spec.ts'

const issues = (spec: unknown) =>
  sourceSpec.safeParse(spec).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

test('a source has a type and a path, and may have include and exclude', () => {
  for (const type of ['markdown', 'local_files'])
    expect(issues({ type, path: 'docs', include: ['**/*.{md,mdx}', '@scope/a+b/**'], exclude: ['old/**'] })).toEqual([])
})

test('what does not belong is named with its path', () => {
  expect(issues({ type: 'markdown', path: 'docs', pth: 1 })).toEqual([': Unrecognized key: "pth"'])
  expect(issues({ type: 'gopher', path: 'docs' })).toHaveLength(1)
  expect(issues({ type: 'markdown', path: '' })).toEqual(['path: must not be empty'])
  expect(issues({ type: 'markdown', path: 'a\0b' })).toEqual(['path: must not contain a NUL character'])
})

test.each([
  '../*.md',
  '/etc/*',
  '!a',
  '(a|b)*',
  '[a-z]',
  'a\\*',
  '{a,{b,c}}',
  '{a*,b}',
  'a*b*c*d*',
  '**/a/**/b/**/c/**',
  'x'.repeat(257),
  '',
])('the pattern %j is refused', pattern => {
  expect(issues({ type: 'markdown', path: 'docs', include: [pattern] })[0]).toMatch(/^include\.0: /)
})

test('a website is asked at no rate below that of the installation', () => {
  const website = { type: 'website', urls: ['https://a.example/'] }
  expect(issues({ ...website, rate: 0.01 })).toEqual([])
  expect(issues({ ...website, rate: 0.009 })).toEqual(['rate: must be at least 0.01'])
})
