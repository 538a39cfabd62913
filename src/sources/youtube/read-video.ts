import { Wait } from '../../runtime/errors.ts'
import type { SourceDocument, SourceReject } from '../source.ts'
import type { YoutubeSpec } from '../specs/youtube.ts'
import type { YoutubeClient } from './client.ts'
import type { Cue, Player, Track } from './shapes.ts'

export const uriOf = (videoId: string): string => `https://www.youtube.com/watch?v=${videoId}`

/** Seconds of speech in a paragraph, about: each begins with a link to its second, so a chunk of some has one. */
const paragraphSeconds = 30

/** How long YouTube is left alone where it takes us for a robot, in ms. */
const robotMs = 5 * 60_000

/** A video as a document: its transcript as Markdown, in paragraphs that begin with a link to their second. */
export const readVideo = async (
  client: YoutubeClient,
  videoId: string,
  wanted: Pick<YoutubeSpec, 'languages' | 'generated'>,
  signal: AbortSignal,
): Promise<SourceDocument | SourceReject> => {
  const uri = uriOf(videoId)
  const reject = (code: string, message: string): SourceReject => ({ uri, code, message: `${uri} ${message}` })
  const player = await client.player(videoId, signal)
  const refused = refusalOf(player)
  if (refused) return { ...reject(refused.code, refused.message), ...(refused.gone ? { gone: true } : {}) }

  const tracks = player.captions?.playerCaptionsTracklistRenderer?.captionTracks ?? []
  const track = chosen(tracks, wanted)
  if (track === null) return reject('no_transcript', noTranscript(tracks, wanted))
  const cues = await client.transcript(track.baseUrl, signal)
  if (cues === null)
    return reject('transcript_withheld', 'has a transcript that YouTube does not give out to programs.')
  if (cues.length === 0) return reject('no_transcript', 'has a transcript without words.')
  const details = player.videoDetails
  const published = player.microformat?.playerMicroformatRenderer?.publishDate
  return {
    uri,
    title: details?.title ?? '',
    mediaType: 'text/markdown',
    text: markdownOf(videoId, cues),
    metadata: {
      video_id: videoId,
      channel: details?.author ?? '',
      channel_id: details?.channelId ?? '',
      duration_s: details?.lengthSeconds ?? '0',
      language: track.languageCode,
      transcript: track.kind === 'asr' ? 'generated' : 'manual',
      ...(published === undefined ? {} : { published }),
    },
  }
}

interface Refusal {
  readonly code: string
  readonly message: string
  readonly gone?: true
}

const refusalOf = ({ playabilityStatus: { status, reason = status } }: Player): Refusal | null => {
  if (status === 'OK') return null
  if (/not a bot/i.test(reason))
    throw new Wait('youtube_doubts', `YouTube takes this installation for a robot: ${reason}`, robotMs)
  const said = `cannot be watched: ${reason}`
  if (/inappropriate|age/i.test(reason)) return { code: 'age_restricted', message: said }
  if (status === 'ERROR') return { code: 'video_unavailable', message: said, gone: true }
  if (status === 'LIVE_STREAM_OFFLINE') return { code: 'video_not_yet', message: said }
  return { code: 'video_unavailable', message: said }
}

/** By languages in their order, in each a transcript that people made before a generated one. */
const chosen = (
  tracks: readonly Track[],
  { languages, generated }: Pick<YoutubeSpec, 'languages' | 'generated'>,
): Track | null => {
  const usable = [...tracks.filter(({ kind }) => kind !== 'asr'), ...(generated ? tracks.filter(isGenerated) : [])]
  if (languages === undefined) return usable[0] ?? null
  for (const language of languages) {
    const is = (code: string) => code.toLowerCase() === language.toLowerCase()
    const found =
      usable.find(({ languageCode }) => is(languageCode)) ??
      usable.find(({ languageCode }) => is(languageCode.split('-')[0] ?? ''))
    if (found) return found
  }
  return null
}

const isGenerated = ({ kind }: Track): boolean => kind === 'asr'

const noTranscript = (
  tracks: readonly Track[],
  { languages, generated }: Pick<YoutubeSpec, 'languages' | 'generated'>,
): string => {
  if (tracks.length === 0) return 'has no transcript.'
  const there = tracks.map(one => `${one.languageCode}${isGenerated(one) ? ' (generated)' : ''}`).join(', ')
  const asked = languages === undefined ? 'one that people made' : languages.join(', ')
  return `has transcripts in ${there}; asked for: ${asked}${generated || languages === undefined ? '' : ', not generated'}.`
}

/** `[12:34](https://youtu.be/ID?t=754) What is said.`, a paragraph for each half minute. */
export const markdownOf = (videoId: string, cues: readonly Cue[]): string => {
  const paragraphs: { readonly second: number; readonly words: string[] }[] = []
  for (const { ms, text } of cues) {
    const second = Math.floor(ms / 1000)
    const last = paragraphs.at(-1)
    if (last && second < last.second + paragraphSeconds) last.words.push(text)
    else paragraphs.push({ second, words: [text] })
  }
  return paragraphs
    .map(({ second, words }) => `[${clockOf(second)}](https://youtu.be/${videoId}?t=${second}) ${words.join(' ')}`)
    .join('\n\n')
}

/** `1:02:03`, `2:03`. */
const clockOf = (second: number): string => {
  const two = (part: number) => String(part).padStart(2, '0')
  const [hours, minutes, seconds] = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
}
