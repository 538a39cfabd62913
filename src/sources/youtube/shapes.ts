/** What is read of the answers of YouTube, which are larger and change; see docs/SOURCES-YOUTUBE.md. Pure. */
import { z } from 'zod'

const track = z.object({
  baseUrl: z.string(),
  languageCode: z.string(),
  /** `asr` for one that a machine made. */
  kind: z.string().optional(),
})

const player = z.object({
  playabilityStatus: z.object({ status: z.string(), reason: z.string().optional() }),
  videoDetails: z
    .object({
      videoId: z.string(),
      title: z.string().default(''),
      author: z.string().default(''),
      channelId: z.string().default(''),
      lengthSeconds: z.string().default('0'),
    })
    .optional(),
  microformat: z
    .object({ playerMicroformatRenderer: z.object({ publishDate: z.string().optional() }).optional() })
    .optional(),
  captions: z
    .object({ playerCaptionsTracklistRenderer: z.object({ captionTracks: z.array(track).optional() }).optional() })
    .optional(),
})

export type Player = z.output<typeof player>
export type Track = z.output<typeof track>

const timedText = z.object({
  events: z
    .array(
      z.object({
        tStartMs: z.number().optional(),
        /** A line that is scrolled in again, not a new one. */
        aAppend: z.number().optional(),
        segs: z.array(z.object({ utf8: z.string().optional() })).optional(),
      }),
    )
    .default([]),
})

/** A piece of what is said, in one line. */
export interface Cue {
  readonly ms: number
  readonly text: string
}

/** Null for what is no answer of the player. */
export const playerOf = (answer: unknown): Player | null => player.safeParse(answer).data ?? null

/** The cues of a transcript in the form `json3`, in order; null for what is none. */
export const cuesOf = (answer: unknown): readonly Cue[] | null => {
  const parsed = timedText.safeParse(answer)
  if (!parsed.success) return null
  return parsed.data.events.flatMap(({ tStartMs: ms, aAppend, segs = [] }) => {
    const text = segs
      .map(({ utf8 = '' }) => utf8)
      .join('')
      .replace(/\s+/g, ' ')
      .trim()
    return ms === undefined || aAppend === 1 || text === '' ? [] : [{ ms, text }]
  })
}

export interface ListPage {
  /** Ids in the order of the list, each once. */
  readonly videos: readonly string[]
  /** Names the next page; null on the last one. */
  readonly next: string | null
}

/**
 * The videos of a page of a playlist: rows of today's form (`lockupViewModel`) and of the one before
 * (`playlistVideoRenderer`). What stands beside the list, such as recommendations, is not looked at. Null where there is
 * no list.
 */
export const listPageOf = (answer: unknown): ListPage | null => {
  const root = answer as { readonly contents?: unknown; readonly onResponseReceivedActions?: unknown } | null
  const list = root?.contents ?? root?.onResponseReceivedActions
  if (list === undefined || list === null) return null
  const videos = new Set<string>()
  let next: string | null = null
  visit(list, (key, value) => {
    if (key === 'playlistVideoRenderer' && typeof value.videoId === 'string') videos.add(value.videoId)
    else if (key === 'lockupViewModel' && value.contentType === 'LOCKUP_CONTENT_TYPE_VIDEO') {
      if (typeof value.contentId === 'string') videos.add(value.contentId)
    } else if (key === 'continuationCommand' && typeof value.token === 'string') next = value.token
  })
  return { videos: [...videos], next }
}

type Fields = Readonly<Record<string, unknown>>

const deepest = 64

const visit = (value: unknown, see: (key: string, value: Fields) => void, depth = 0): void => {
  if (value === null || typeof value !== 'object' || depth > deepest) return
  for (const [key, one] of Object.entries(value)) {
    if (one === null || typeof one !== 'object') continue
    if (!Array.isArray(one)) see(key, one as Fields)
    visit(one, see, depth + 1)
  }
}
