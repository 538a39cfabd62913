import { setImmediate as settled } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import type { Resolve } from '../../src/sources/fetching/guard.ts'
import { websiteSpec } from '../../src/sources/specs/website.ts'
import { memoryFrontiers } from '../../src/sources/website/memory-frontier.ts'
import { websiteKind } from '../../src/sources/website-kind.ts'
import { parsersHere } from '../kit/parsers-here.ts'
import { fetcherWith } from './fetching/kit.ts'
import { nothingKnown } from './website/kit.ts'

afterEach(() => {
  vi.useRealTimers()
})

const checkOf = (resolve: Resolve, urls: readonly string[]) =>
  websiteKind({
    ...{ fetcher: fetcherWith({ resolve }), parsers: parsersHere, frontiers: memoryFrontiers(), memory: nothingKnown },
  }).check(websiteSpec.parse({ type: 'website', urls }), null)
const inside = [{ address: '10.0.0.1', family: 4 }]

test('every address that cannot be asked is named, and each host looked up once', async () => {
  const asked: string[] = []
  const resolve: Resolve = async host => {
    asked.push(host)
    if (host === 'lost.example') throw new Error('not found')
    return host === 'in.example' ? inside : [{ address: '93.184.216.34', family: 4 }]
  }
  const urls = [
    'in.example/a',
    'in.example/b',
    'out.example',
    'lost.example',
    '10.0.0.1',
    'out.example:25',
    'out.example',
  ]
  const mistakes = await checkOf(resolve, [
    ...urls.map(url => `http://${url}`),
    `http://out.example/${'x/'.repeat(500)}`,
  ])
  expect(mistakes.map(({ path }) => path)).toEqual(['urls.0', 'urls.1', 'urls.4', 'urls.5', 'urls.7'])
  expect(mistakes[1]?.message).toContain('http://in.example/b')
  expect(asked).toEqual(['in.example', 'out.example', 'lost.example'])
})

test('eight names are looked up at once, and what is late is no mistake', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const asked: string[] = []
  const never = new Promise<never>(() => undefined)
  const resolve: Resolve = host => {
    asked.push(host)
    return host === '0.example' ? Promise.resolve(inside) : never
  }
  const checked = checkOf(
    resolve,
    Array.from({ length: 100 }, (_, i) => `http://${i}.example/`),
  )
  await settled()
  expect(asked).toEqual(Array.from({ length: 9 }, (_, i) => `${i}.example`))
  await vi.advanceTimersByTimeAsync(3000)
  expect((await checked).map(({ path }) => path)).toEqual(['urls.0'])
  expect(asked).toHaveLength(9)
})
