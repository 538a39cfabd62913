import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages } from './pages.ts'

describe('the pages that are made from the code', () => {
  for (const [file, page] of pages)
    it(`${basename(file)} is what \`npm run docs\` writes`, () => {
      expect(readFileSync(file, 'utf8')).toBe(page())
    })
})
