import { afterEach } from 'vitest'
import {
  isSourceReject,
  type ReadableSource,
  type SourceDocument,
  type SourceReject,
} from '../../../src/sources/source.ts'
import { type WebsiteSpec, websiteSpec } from '../../../src/sources/specs/website.ts'
import { memoryFrontier } from '../../../src/sources/website/memory-frontier.ts'
import { type WebsiteSourceOptions, websiteSource } from '../../../src/sources/website/website-source.ts'
import { parsersHere } from '../../kit/parsers-here.ts'
import { type WebServer, webServer } from '../../kit/web-server.ts'
import { fetcherWith } from '../fetching/kit.ts'

export const forever = new AbortController().signal
const closing: (() => unknown)[] = []
afterEach(() => Promise.all(closing.splice(0).map(close => close())))

/** At once, and only as often as a test wants to see. */
export const quickRetry = { attempts: 3, delayMs: () => 0, waits: 3, hostDelayMs: () => 0 }
export const nothingKnown = { known: async () => new Map() }

export const serve = async (answer: Parameters<typeof webServer>[0]): Promise<WebServer> => {
  const server = await webServer(answer)
  closing.push(() => server.close())
  return server
}

/** A website source over a server, from its root unless said otherwise. */
export const crawlOf = (
  server: WebServer,
  spec: Partial<WebsiteSpec> = {},
  options: Partial<WebsiteSourceOptions> = {},
): ReadableSource => {
  const fetcher = fetcherWith({ allow: [`127.0.0.1:${server.port}`] })
  closing.push(() => fetcher.close())
  return websiteSource({
    spec: websiteSpec.parse({ type: 'website', urls: [`${server.origin}/`], sitemaps: false, ...spec }),
    ...{ fetcher, parsers: parsersHere, asker: 'job', kbId: 'kb', id: 'website:x' },
    ...{ frontier: memoryFrontier(), memory: nothingKnown, retry: quickRetry },
    ...options,
  })
}

export interface Crawled {
  /** Paths of the documents, in order. */
  readonly documents: readonly string[]
  readonly unchanged: readonly string[]
  /** Path to code. */
  readonly rejects: Readonly<Record<string, string>>
  readonly all: readonly (SourceDocument | SourceReject)[]
  readonly bites: number
  readonly unlisted: readonly string[]
  readonly message: string | undefined
}

const pathOf = (uri: string) => uri.replace(/^https?:\/\/[^/]+/, '')

/** The whole of a source, bite by bite; each bite is taken `times` over, as after a crash. */
export const crawl = async (source: ReadableSource, times = 1): Promise<Crawled> => {
  const all: (SourceDocument | SourceReject)[] = []
  const unchanged: string[] = []
  const unlisted = new Set<string>()
  let message: string | undefined
  let bites = 0
  for (let cursor: string | null = null; ; bites++) {
    for (let i = 1; i < times; i++) await source.bite(cursor, forever)
    const bite = await source.bite(cursor, forever)
    all.push(...bite.documents)
    unchanged.push(...(bite.unchanged ?? []).map(({ uri }) => pathOf(uri)))
    for (const one of bite.unlisted ?? []) unlisted.add(one)
    message = bite.message
    if (bite.next === null) break
    cursor = bite.next
  }
  return {
    documents: all.filter(one => !isSourceReject(one)).map(({ uri }) => pathOf(uri)),
    unchanged,
    rejects: Object.fromEntries(all.filter(isSourceReject).map(({ uri, code }) => [pathOf(uri), code])),
    ...{ all, bites: bites + 1, message, unlisted: [...unlisted] },
  }
}
