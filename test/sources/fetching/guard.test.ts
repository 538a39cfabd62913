import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ResolvedAddress } from '../../../src/sources/fetching/guard.ts'
import { type WebServer, webServer } from '../../kit/web-server.ts'
import { asking, fetcherWith } from './kit.ts'

/** Counts who came through: nothing may. */
let inside: WebServer
/** Is allowed, and leads elsewhere. */
let outside: WebServer
let target = 'http://127.0.0.1/'

beforeAll(async () => {
  inside = await webServer(() => ({ body: 'secret' }))
  outside = await webServer(() => ({ status: 302, headers: { location: target } }))
})
afterAll(() => Promise.all([inside.close(), outside.close()]))

/** What names lead to; each answer of a list is given once, the last for ever. */
const names = (zone: Readonly<Record<string, readonly (readonly string[])[]>>) => {
  const asked: string[] = []
  const resolve = async (host: string): Promise<readonly ResolvedAddress[]> => {
    const answers = zone[host]
    if (!answers) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
    const nth = asked.filter(one => one === host).length
    asked.push(host)
    return (answers[nth] ?? answers.at(-1)!).map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return { asked, resolve }
}

const forms = [
  ...['127.0.0.1', '127.1', '127.255.255.254', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001'],
  ...['0', '0.0.0.0', '0.1.2.3', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1'],
  ...['192.0.0.8', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1'],
  ...['255.255.255.255', '１２７.０.０.１', '①②⑦.0.0.1', '127。0。0。1', '%31%32%37.0.0.1'],
  ...['[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[::7f00:1]'],
  ...['[64:ff9b::127.0.0.1]', '[64:ff9b::a00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2002:0a00:0001::1]'],
  ...['[2001:0:7f00:1::]', '[2001:db8::1]', '[2001:2::1]', '[2001:10::1]', '[2001:20::1]', '[3fff::1]', '[5f00::1]'],
  ...['[fe80::1]', '[fec0::1]', '[fc00::1]', '[fd12:3456::1]', '[ff02::1]', '[100::1]', '[4000::1]'],
  ...['168.63.129.16', '[::ffff:168.63.129.16]', '[64:ff9b::168.63.129.16]'],
]
const lookedUp = [
  ...[['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['10.1.2.3'], ['169.254.169.254'], ['fe80::1%lo'], ['0.0.0.0']],
  ...[['93.184.216.34', '127.0.0.1'], ['127.0.0.1', '93.184.216.34'], ['2606:4700::1', '::1'], ['64:ff9b::7f00:1']],
  ...[['168.63.129.16']],
]
const notAsked = ['ftp://a.example/', 'file:///etc/passwd', 'http://user@a.example/', 'http://:p@127.0.0.1/', 'data:,x']

describe('an address that is not public', () => {
  let cases = 0
  afterAll(() => {
    console.log(`${cases} ways to an address that is not public were tried; ${inside.connections()} came through.`)
    expect(inside.connections()).toBe(0)
  })
  const refused = async (href: string, zone: Parameters<typeof names>[0] = {}, allow: readonly string[] = []) => {
    cases += 1
    const { resolve } = names(zone)
    const found = await fetcherWith({ ports: [inside.port], allow, resolve }).fetch(new URL(href), asking())
    expect(found, href).toMatchObject({ kind: 'failed', retryable: false, code: expect.stringMatching(/^forbidden_/) })
    return JSON.stringify(found)
  }

  test.each(forms)('is not reached as the host %s', async host => {
    await refused(`http://${host}:${inside.port}/`)
  })

  test.each(lookedUp.map(addresses => ({ addresses })))(
    'is not reached by a name that leads to $addresses, which are not told',
    async ({ addresses }) => {
      const said = await refused(`http://a.example:${inside.port}/`, { 'a.example': [addresses] })
      for (const address of addresses) expect(said).not.toContain(address)
    },
  )

  test.each(['localhost', 'localhost.', 'LOCALHOST', 'a.localhost'])('is not reached as %s', async host => {
    cases += 1
    const found = await fetcherWith({ ports: [inside.port] }).fetch(new URL(`http://${host}:${inside.port}/`), asking())
    expect(found).toMatchObject({ kind: 'failed', code: expect.stringMatching(/^forbidden_address$|^host_not_found$/) })
  })

  test.each(notAsked)('is not reached by %s', async href => {
    await refused(href)
  })

  test('is not reached at a port that is not asked', async () => {
    cases += 1
    const found = await fetcherWith().fetch(new URL(`http://127.0.0.1:${inside.port}/`), asking())
    expect(found).toMatchObject({ code: 'forbidden_url', message: expect.stringContaining('PENSTOCK_FETCH_ALLOW') })
  })

  test('is not reached by a name that changes between two looks: there is one look, and what it gave is connected to', async () => {
    cases += 1
    const { asked, resolve } = names({ 'a.example': [['192.0.2.1'], ['127.0.0.1']] })
    const fetcher = fetcherWith({ ports: [inside.port], allow: ['192.0.2.1'], resolve, timeoutMs: 200 })
    const url = new URL(`http://a.example:${inside.port}/`)
    const first = await fetcher.fetch(url, asking())
    expect(first).toMatchObject({ kind: 'failed', code: expect.stringMatching(/^timeout$|^connection_failed$/) })
    expect(asked).toEqual(['a.example'])
    expect(await fetcher.fetch(url, asking())).toMatchObject({ code: 'forbidden_address' })
  })

  test.each(['127.0.0.1', '[::1]', '2130706433', 'b.example', '[::ffff:127.0.0.1]'])(
    'is not reached by a redirect to %s',
    async host => {
      target = `http://${host}:${inside.port}/`
      const zone = { 'a.example': [['127.0.0.1']], 'b.example': [['127.0.0.1']] }
      await refused(`http://a.example:${outside.port}/`, zone, [`a.example:${outside.port}`])
    },
  )

  test('is not reached by a chain of redirects, nor is what a chain has in its URLs sent', async () => {
    target = `http://user:secret@127.0.0.1:${inside.port}/`
    await refused(`http://a.example:${outside.port}/`, { 'a.example': [['127.0.0.1']] }, [`a.example:${outside.port}`])
  })

  test('is not asked for its robots.txt either', async () => {
    cases += 1
    const { resolve } = names({ 'a.example': [['127.0.0.1']] })
    const fetcher = fetcherWith({ ports: [inside.port], resolve })
    const url = new URL(`http://a.example:${inside.port}/`)
    expect(await fetcher.robots(url, asking())).toMatchObject({ code: 'robots_unavailable' })
    expect(await fetcher.fetch(url, asking({ respectRobots: true }))).toMatchObject({ code: 'robots_unavailable' })
  })
})

describe('an operator', () => {
  test.each(['127.0.0.1', '127.0.0.0/8', 'a.example', 'A.example.'])('allows what is not public by %s', async entry => {
    const open = await webServer(() => ({ body: 'ok' }))
    const { resolve } = names({ 'a.example': [['127.0.0.1']] })
    const fetcher = fetcherWith({ allow: [`${entry}:${open.port}`], resolve })
    expect(await fetcher.fetch(new URL(`http://a.example:${open.port}/`), asking())).toMatchObject({ kind: 'page' })
    expect(open.connections()).toBe(1)
    fetcher.close()
    await open.close()
  })

  test('who allows one host allows no other at its address', async () => {
    const { resolve } = names({ 'a.example': [['127.0.0.1']], 'b.example': [['127.0.0.1']] })
    const fetcher = fetcherWith({ allow: [`a.example:${inside.port}`], resolve })
    const found = await fetcher.fetch(new URL(`http://b.example:${inside.port}/`), asking())
    expect(found).toMatchObject({ code: 'forbidden_address' })
  })
})
