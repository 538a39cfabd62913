import { Fatal, Wait } from '../../runtime/errors.ts'
import type { Fetcher } from '../fetcher.ts'
import { SourceTrouble } from '../source-trouble.ts'
import { type Cue, cuesOf, type ListPage, listPageOf, type Player, playerOf } from './shapes.ts'

export interface YoutubeClientOptions {
  readonly fetcher: Fetcher
  /** `https://www.youtube.com`, or what answers as it does. */
  readonly endpoint: URL
  /** Whose requests they are. */
  readonly asker: string
}

/** As which program the player is asked: the answers of this one name transcripts that can be read. */
const asPlayer = { client: { clientName: 'ANDROID', clientVersion: '20.10.38', hl: 'en', gl: 'US' } }
const asBrowser = { client: { clientName: 'WEB', clientVersion: '2.20260911.08.00', hl: 'en', gl: 'US' } }

/**
 * The three questions that are asked of YouTube, through the fetcher with its limits. Throws Wait where it asks to be left
 * alone, SourceTrouble for what may pass, and Fatal for what will not: none of this is about one video.
 */
export class YoutubeClient {
  readonly #options: YoutubeClientOptions

  constructor(options: YoutubeClientOptions) {
    this.#options = options
  }

  async player(videoId: string, signal: AbortSignal): Promise<Player> {
    const answer = await this.#post('player', { context: asPlayer, videoId }, signal)
    return understood(playerOf(answer), `what it says of the video ${videoId}`)
  }

  /** The first page of a playlist by its id, or a later one by what the page before named. */
  async listPage(of: { readonly playlist: string } | { readonly token: string }, signal: AbortSignal) {
    const asked = 'token' in of ? { continuation: of.token } : { browseId: `VL${of.playlist}` }
    const answer = await this.#post('browse', { context: asBrowser, ...asked }, signal)
    return understood<ListPage>(listPageOf(answer), 'a page of a playlist')
  }

  /** Null where the transcript is named and not given out. Asked of the endpoint, whatever host its address names. */
  async transcript(address: string, signal: AbortSignal): Promise<readonly Cue[] | null> {
    const named = URL.parse(address, this.#options.endpoint.href)
    if (named === null) return null
    const url = new URL(named.pathname + named.search, this.#options.endpoint)
    url.searchParams.set('fmt', 'json3')
    const text = await this.#ask(url, signal)
    return text === '' ? null : understood(cuesOf(jsonIn(text, url)), 'a transcript')
  }

  async #post(name: string, body: object, signal: AbortSignal): Promise<unknown> {
    const url = new URL(`/youtubei/v1/${name}?prettyPrint=false`, this.#options.endpoint)
    return jsonIn(await this.#ask(url, signal, JSON.stringify(body)), url)
  }

  async #ask(url: URL, signal: AbortSignal, json?: string): Promise<string> {
    const { fetcher, asker } = this.#options
    // robots.txt speaks to crawlers; these are the questions of a player, one for each video that was asked for.
    const options = { asker, signal, respectRobots: false, redirects: 0 }
    const answer = await fetcher.fetch(url, json === undefined ? options : { ...options, json })
    if (answer.kind === 'page') return answer.bytes.toString('utf8')
    if (answer.kind !== 'failed') throw new SourceTrouble('youtube_redirects', `${url.href} answers with a redirect.`)
    const { code, message, retryable, retryAfterMs } = answer
    if (retryAfterMs !== undefined) throw new Wait(code, message, retryAfterMs)
    if (retryable) throw new SourceTrouble(code, message)
    throw new Fatal(code, `YouTube cannot be asked: ${message} PENSTOCK_YOUTUBE_URL says where it is.`)
  }
}

const jsonIn = (text: string, url: URL): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new SourceTrouble('youtube_unreadable', `${url.origin}${url.pathname} did not answer with JSON.`)
  }
}

const understood = <T>(value: T | null, what: string): T => {
  if (value !== null) return value
  throw new SourceTrouble(
    'youtube_unreadable',
    `YouTube answered in a form that is not known where ${what} was expected. It may have changed: look for a newer Penstock.`,
  )
}
