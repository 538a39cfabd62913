import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { settings } from '../../src/config/settings.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/TROUBLESHOOTING.md'), 'utf8')
const code = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => readFileSync(join(root, 'src', file), 'utf8'))
  .join('\n')
const quoted = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text!)

describe('docs/TROUBLESHOOTING.md', () => {
  it('names no code that the sources do not have', () => {
    const codes = quoted.filter(text => /^[a-z]+(_[a-z]+)+$/.test(text))
    expect(codes.length).toBeGreaterThan(10)
    expect(codes.filter(name => !code.includes(`'${name}'`) && !code.includes(`${name}:`))).toEqual([])
  })

  it('names no setting that there is not', () => {
    const known = new Set(settings.map(({ env }) => env))
    const variables = quoted.map(text => text.split('=')[0]!).filter(text => /^[A-Z]+(_[A-Z]+)+$/.test(text))
    expect(variables.length).toBeGreaterThan(5)
    expect(variables.filter(name => !known.has(name))).toEqual([])
  })

  it('links to pages that are there', () => {
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!)
    expect(links.filter(link => !readdirSync(join(root, 'docs')).includes(link))).toEqual([])
  })
})
