import { json } from 'node:stream/consumers'
import { type Reply, webServer } from './web-server.ts'

/** A video as the server has it. */
export interface TestVideo {
  readonly title?: string
  readonly status?: { readonly status: string; readonly reason?: string }
  /** Language, with `asr:` before it for a generated one, to lines by their millisecond; null is withheld. */
  readonly transcripts?: Readonly<Record<string, Readonly<Record<number, string>> | null>>
}

interface Asked {
  readonly videoId?: string
  readonly browseId?: string
  readonly continuation?: string
  readonly context?: { readonly client: { readonly clientName: string } }
}

const lockup = (id: string): object => ({
  lockupViewModel: {
    contentId: id,
    contentType: 'LOCKUP_CONTENT_TYPE_VIDEO',
    metadata: { lockupMetadataViewModel: { title: { content: `Title of ${id}` } } },
  },
})
const older = (id: string): object => ({ playlistVideoRenderer: { videoId: id, title: { runs: [{ text: id }] } } })
const more = (token: string) => ({
  continuationItemRenderer: { continuationEndpoint: { continuationCommand: { token } } },
})
const page = (items: readonly object[], first: boolean) =>
  first
    ? {
        contents: {
          twoColumnBrowseResultsRenderer: {
            tabs: [
              {
                tabRenderer: {
                  content: { sectionListRenderer: { contents: [{ itemSectionRenderer: { contents: items } }] } },
                },
              },
            ],
          },
        },
        sidebar: { items: [lockup('beside00000')] },
      }
    : { onResponseReceivedActions: [{ appendContinuationItemsAction: { continuationItems: items } }] }

/**
 * A server that answers as YouTube does, cut down to what is read of it: the player as of June 2025, rows of playlists as
 * of July and September 2026 and the ones before, transcripts in the form json3.
 */
export const youtubeServer = async (
  videos: Readonly<Record<string, TestVideo>>,
  playlists: Readonly<Record<string, readonly (readonly string[])[]>> = {},
) => {
  const asked: Asked[] = []
  let refuse: (() => Reply) | null = null
  const answer = (path: string, body: Asked): object | string | null => {
    if (path.startsWith('/youtubei/v1/player')) return playerOf(body.videoId ?? '')
    if (path.startsWith('/youtubei/v1/browse')) {
      const [name = '', at = '0'] = (body.continuation ?? `${body.browseId?.slice(2)}/0`).split('/')
      const pages = playlists[name]
      const ids = pages?.[Number(at)]
      if (!pages || !ids) return { alerts: [] }
      const rows = ids.map(Number(at) % 2 === 0 ? lockup : older)
      const next = Number(at) + 1 < pages.length ? [more(`${name}/${Number(at) + 1}`)] : []
      return page([...rows, ...next], body.continuation === undefined)
    }
    const url = new URL(path, 'http://x')
    const lines = videos[url.searchParams.get('v') ?? '']?.transcripts?.[url.searchParams.get('lang') ?? '']
    if (url.searchParams.get('fmt') !== 'json3' || !lines) return ''
    const events = Object.entries(lines).map(([ms, text]) => ({
      ...{ tStartMs: Number(ms), dDurationMs: 2000, segs: text.split(/(?= )/).map(utf8 => ({ utf8 })) },
    }))
    return { wireMagic: 'pb3', events: [{ tStartMs: 0, id: 1 }, ...events] }
  }
  const playerOf = (id: string) => {
    const video = videos[id]
    const status = video ? (video.status ?? { status: 'OK' }) : { status: 'ERROR', reason: 'This video is unavailable' }
    const captionTracks = Object.keys(video?.transcripts ?? {}).map(lang => ({
      // Its host is not the one that is asked: the endpoint is.
      baseUrl: `https://elsewhere.example/api/timedtext?v=${id}&lang=${encodeURIComponent(lang)}&fmt=srv3`,
      languageCode: lang.replace('asr:', ''),
      ...(lang.startsWith('asr:') ? { kind: 'asr' } : {}),
    }))
    return {
      playabilityStatus: status,
      ...(video
        ? {
            videoDetails: {
              ...{
                videoId: id,
                title: video.title ?? id,
                author: 'A channel',
                channelId: 'UCabc',
                lengthSeconds: '754',
              },
            },
          }
        : {}),
      ...(captionTracks.length > 0 ? { captions: { playerCaptionsTracklistRenderer: { captionTracks } } } : {}),
    }
  }
  const server = await webServer(async (path, request) => {
    const body = request.method === 'POST' ? ((await json(request)) as Asked) : {}
    asked.push(body)
    if (refuse) return refuse()
    const found = answer(path, body)
    return {
      headers: { 'content-type': 'application/json' },
      body: typeof found === 'string' ? found : JSON.stringify(found),
    }
  })
  return {
    ...server,
    bodies: asked,
    /** Answers so to everything, until null. */
    refuse(reply: (() => Reply) | null) {
      refuse = reply
    },
  }
}
