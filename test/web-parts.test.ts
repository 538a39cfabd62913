import { afterAll, beforeAll, expect, test } from 'vitest'
import { ofSources } from '../src/dry-run.ts'
import { FileOpener } from '../src/sources/file-opener.ts'
import { sourceOpener } from '../src/sources/open.ts'
import { websiteKind } from '../src/sources/website-kind.ts'
import { lookingWebParts } from '../src/web-parts.ts'
import { parsersHere } from './kit/parsers-here.ts'
import { kindsOver } from './kit/source-kinds.ts'
import { type WebServer, webServer } from './kit/web-server.ts'
import { pageWith } from './kit/website.ts'
import { fetcherWith } from './sources/fetching/kit.ts'
import { crawl } from './sources/website/kit.ts'

let server: WebServer
beforeAll(async () => {
  const links = Array.from({ length: 500 }, (_, i) => `/${i}`)
  server = await webServer(path =>
    path === '/'
      ? { body: pageWith('Root', links) }
      : { body: `Page ${path}`, headers: { 'content-type': 'text/plain' } },
  )
})
afterAll(() => server.close())

test('a website that is only looked at is not asked for all that its max_pages allows, and this is said', async () => {
  const fetcher = fetcherWith({ allow: [`127.0.0.1:${server.port}`] })
  const looking = await lookingWebParts({ fetcher: async () => fetcher })
  const website = websiteKind({ ...looking, parsers: parsersHere })
  const open = sourceOpener({ ...kindsOver(new FileOpener({ roots: ['/nowhere'] })), website })
  const spec = { type: 'website', urls: [server.origin], sitemaps: false, respect_robots: false }
  const { documents, unlisted } = await crawl(open(ofSources([spec]), 0).source)
  fetcher.close()
  expect(documents).toHaveLength(300)
  expect(server.asked).toHaveLength(300)
  expect(unlisted).toEqual(['No more addresses than 300 are asked, to look at a source.'])
})
