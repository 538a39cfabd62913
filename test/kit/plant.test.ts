import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { planted as inRig } from '../faults/planted.ts'
import { bugs } from '../simulation/planted.ts'
import { timesToChange } from './plant.ts'

test.each([...new Map([...inRig, ...bugs].map(bug => [bug.name, bug])).values()])(
  '"$name" is a bug of the sources as they are',
  ({ edits }) => {
    for (const { file, from } of edits) {
      const source = readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8')
      expect([file, from, timesToChange(source, from)]).toEqual([file, from, 1])
    }
  },
)
