import type { Bite, ReadableSource, SourceDocument, SourceReject } from '../source.ts'
import { videoId, type YoutubeSpec } from '../specs/youtube.ts'
import type { YoutubeClient } from './client.ts'
import { readVideo } from './read-video.ts'

export interface YoutubeSourceOptions {
  readonly client: YoutubeClient
  readonly spec: YoutubeSpec
  /** A bite ends with the video that reaches one of these. */
  readonly most?: { readonly videos: number; readonly ms: number }
}

/** How far a source is: which list, what of its page is left, and the name of the next page. */
interface Place {
  readonly list: number
  readonly videos: readonly string[]
  readonly next: string | null
}

/**
 * The videos of a source, then those of its playlists and channels, page by page. The cursor carries what is left of a
 * page, so that a page is listed once and a bite that is repeated reads the same videos.
 */
export const youtubeSource = ({ client, spec, most = usual }: YoutubeSourceOptions): ReadableSource => {
  const lists = [...(spec.playlists ?? []), ...(spec.channels ?? []).map(uploadsOf)]
  const videos = [...new Set(spec.videos ?? [])]

  return {
    async total() {
      return lists.length === 0 ? videos.length : null
    },
    async bite(cursor, signal): Promise<Bite> {
      let place: Place = cursor === null ? { list: -1, videos, next: null } : (JSON.parse(cursor) as Place)
      const unlisted: string[] = []
      if (place.videos.length === 0) {
        const following = await pageAfter(place, signal)
        if (following === null) return { documents: [], next: null }
        place = following
        if (place.videos.length === 0)
          unlisted.push(`A page of the playlist ${lists[place.list]} came without a video.`)
      }
      const documents: (SourceDocument | SourceReject)[] = []
      const began = performance.now()
      for (const id of place.videos.slice(0, most.videos)) {
        signal.throwIfAborted()
        documents.push(await readVideo(client, id, spec, signal))
        if (performance.now() - began >= most.ms) break
      }
      const rest = { ...place, videos: place.videos.slice(documents.length) }
      const isLast = rest.videos.length === 0 && rest.next === null && rest.list + 1 >= lists.length
      return { documents, unlisted, next: isLast ? null : JSON.stringify(rest) }
    },
    async read(uri, signal) {
      const id = URL.parse(uri)?.searchParams.get('v') ?? ''
      if (videoId.test(id)) return readVideo(client, id, spec, signal)
      return { uri, code: 'outside_source', message: `${uri} is no address of a video.` }
    },
  }

  async function pageAfter({ list, next }: Place, signal: AbortSignal): Promise<Place | null> {
    if (next !== null) return { list, ...(await client.listPage({ token: next }, signal)) }
    const playlist = lists[list + 1]
    return playlist === undefined ? null : { list: list + 1, ...(await client.listPage({ playlist }, signal)) }
  }
}

const usual = { videos: 8, ms: 2000 }

/** Every channel has a playlist of its uploads, of the same name but for its beginning. */
const uploadsOf = (channel: string): string => `UU${channel.slice(2)}`
