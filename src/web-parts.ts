import { crawlFrontier } from './knowledge/crawl-frontier.ts'
import { knownPages } from './knowledge/page-validators.ts'
import type { WebParts } from './open-sources.ts'
import type { Parts } from './parts.ts'
import type { EntryState, Frontier } from './sources/website/frontier.ts'
import { memoryFrontiers } from './sources/website/memory-frontier.ts'
import { type PageMemory, pageRevision } from './sources/website/page-memory.ts'

/** Runs a call to the database; what to do where it is out of reach is for whoever gives this. */
export type Patient = <T>(work: () => Promise<T>) => Promise<T>

/** For jobs: what a crawl knows is in the database, so that it goes on where it was. */
export const crawlingWebParts = async (parts: Parts, patient: Patient): Promise<WebParts> => ({
  fetcher: await parts.fetcher(),
  frontiers: (jobId, sourceIndex): Frontier => {
    const frontier = async () => crawlFrontier<EntryState>((await parts.database()).pool, jobId, sourceIndex)
    return {
      take: (...call) => patient(async () => (await frontier()).take(...call)),
      lookUp: (...call) => patient(async () => (await frontier()).lookUp(...call)),
      documentsWith: (...call) => patient(async () => (await frontier()).documentsWith(...call)),
      seeds: () => patient(async () => (await frontier()).seeds()),
      settle: (...call) => patient(async () => (await frontier()).settle(...call)),
      waited: (...call) => patient(async () => (await frontier()).waited(...call)),
    }
  },
  memory: rememberedPages(parts, patient),
})

/** Enough for the documents that a preview shows, and soon read. */
const mostPagesOfLook = 300

/** For looking at a source without a job: nothing is kept, nothing taken for known, and not all of it read. */
export const lookingWebParts = async (parts: Pick<Parts, 'fetcher'>): Promise<WebParts> => ({
  fetcher: await parts.fetcher(),
  frontiers: memoryFrontiers(),
  memory: { known: async () => new Map() },
  mostPages: mostPagesOfLook,
})

const rememberedPages = (parts: Parts, patient: Patient): PageMemory => ({
  known: (kbId, documentIds) =>
    patient(async () => knownPages((await parts.database()).pool, kbId, documentIds, pageRevision)),
})
