import { describe, expect, test } from 'vitest'
import { pageWith, redirect, siteOf } from '../../kit/website.ts'
import { fetcherWith } from '../fetching/kit.ts'
import { crawlOf, forever, serve } from './kit.ts'

describe('one page by its address', () => {
  test('is read whatever the filters say, and only of a host of the source', async () => {
    const server = await serve(siteOf({ '/a': pageWith('A'), '/old': redirect('/a') }))
    const source = crawlOf(server, { include: ['nothing/**'], max_depth: 0 })
    const read = (path: string) => source.read(`${server.origin}${path}`, forever)
    expect(await read('/a')).toMatchObject({ uri: `${server.origin}/a`, title: 'A' })
    expect(await read('/old')).toMatchObject({ uri: `${server.origin}/old`, title: 'A' })
    expect(await read('/none')).toMatchObject({ code: 'page_gone', gone: true })
    expect(await source.read('https://elsewhere.example/', forever)).toMatchObject({ code: 'outside_source' })
    expect(await source.read('file:///etc/passwd', forever)).toMatchObject({ code: 'outside_source' })
  })
  test('follows no redirect out of the source, nor one without end', async () => {
    const other = await serve(() => ({ body: pageWith('Elsewhere') }))
    const server = await serve(siteOf({ '/out': redirect(`${other.origin}/`), '/round': redirect('/round') }))
    const fetcher = fetcherWith({ allow: [`127.0.0.1:${server.port}`, `127.0.0.1:${other.port}`] })
    const source = crawlOf(server, {}, { fetcher })
    const read = (path: string) => source.read(`${server.origin}${path}`, forever)
    expect(await read('/out')).toMatchObject({ uri: `${server.origin}/out`, code: 'outside_source' })
    expect(await read('/round')).toMatchObject({ code: 'too_many_redirects' })
    expect(other.asked).toEqual([])
  })

  test('is waited for where its host asks so, and asked again where it may come', async () => {
    const server = await serve(siteOf({ '/busy': { status: 429 }, '/broken': { status: 500 }, '/no': { status: 403 } }))
    const read = (path: string) => crawlOf(server).read(`${server.origin}${path}`, forever)
    await expect(read('/busy')).rejects.toMatchObject({ name: 'Wait', code: 'rate_limited', retryAfterMs: 10_000 })
    await expect(read('/broken')).rejects.toMatchObject({ name: 'SourceTrouble', code: 'bad_status' })
    expect(await read('/no')).toMatchObject({ code: 'bad_status' })
    const shut = await serve(() => ({ status: 500 }))
    await expect(crawlOf(shut).read(`${shut.origin}/a`, forever)).rejects.toMatchObject({
      ...{ name: 'Wait', code: 'robots_unavailable' },
    })
  })
})
