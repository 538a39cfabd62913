import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { transitions } from '../../src/coordinator/job.ts'

test('the drawing in docs/JOBS.md is the table of transitions', () => {
  const drawing = readFileSync(new URL('../../docs/JOBS.md', import.meta.url), 'utf8')
  const drawn = [...drawing.matchAll(/^ +(\w+) --> (\w+) : (.+)$/gm)].flatMap(([, from, to, events]) =>
    events!.split(', ').map(event => `${from} ${event} ${to}`),
  )
  const table = Object.entries(transitions).flatMap(([from, takes]) =>
    Object.entries(takes).flatMap(([event, states]) => states.map(to => `${from} ${event} ${to}`)),
  )
  expect(table.length).toBeGreaterThan(30)
  expect(drawn.sort()).toEqual(table.sort())
})
