import { afterEach, describe, expect, test } from 'vitest'
import { chunkText } from '../../../src/chunking/chunk-text.ts'
import { isSourceReject } from '../../../src/sources/source.ts'
import { sourceSpec } from '../../../src/sources/spec.ts'
import type { YoutubeSpec } from '../../../src/sources/specs/youtube.ts'
import { YoutubeClient } from '../../../src/sources/youtube/client.ts'
import { youtubeSource } from '../../../src/sources/youtube/youtube-source.ts'
import { youtubeKind } from '../../../src/sources/youtube-kind.ts'
import { type TestVideo, youtubeServer } from '../../kit/youtube-server.ts'
import { fetcherWith } from '../fetching/kit.ts'

const { signal } = new AbortController()
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const specOf = (spec: object) => sourceSpec.parse({ type: 'youtube', ...spec }) as YoutubeSpec
const open = async (
  videos: Readonly<Record<string, TestVideo>>,
  spec: object,
  playlists?: Readonly<Record<string, readonly (readonly string[])[]>>,
) => {
  const server = await youtubeServer(videos, playlists)
  const fetcher = fetcherWith({ allow: [`127.0.0.1:${server.port}`] })
  closing.push(async () => {
    fetcher.close()
    await server.close()
  })
  const client = new YoutubeClient({ fetcher, endpoint: new URL(server.origin), asker: 'job' })
  const source = youtubeSource({ client, spec: specOf(spec), most: { videos: 2, ms: 60_000 } })
  /** Every bite with its cursor, as a run takes them. */
  const run = async () => {
    const bites = []
    for (let cursor: string | null = null; ; ) {
      const bite = await source.bite(cursor, signal)
      bites.push({ cursor, bite })
      if (bite.next === null) return bites
      cursor = bite.next
    }
  }
  const all = async () => (await run()).flatMap(({ bite }) => bite.documents)
  return { server, source, run, all }
}
const id = (n: number) => `video-${String(n).padStart(5, '0')}`
const words = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [i * 5000, `Line ${i} of speech.`]))
const spoken = (n = 4): TestVideo => ({ transcripts: { en: words(n) } })

describe('a video', () => {
  test('is its transcript, in paragraphs that begin with a link to their second, with what is known of it', async () => {
    const { all } = await open(
      { [id(1)]: { title: 'On herons', transcripts: { 'asr:en': words(14) } } },
      { videos: [id(1)] },
    )
    const [one] = await all()
    expect(one).toMatchObject({
      uri: `https://www.youtube.com/watch?v=${id(1)}`,
      title: 'On herons',
      mediaType: 'text/markdown',
      metadata: { channel: 'A channel', duration_s: '754', language: 'en', transcript: 'generated', video_id: id(1) },
    })
    const text = one && !isSourceReject(one) ? one.text : ''
    const paragraphs = text.split('\n\n')
    expect(paragraphs.map(paragraph => paragraph.slice(0, paragraph.indexOf(')') + 1))).toEqual(
      [0, 30, 60].map(
        s => `[${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}](https://youtu.be/${id(1)}?t=${s})`,
      ),
    )
    expect(paragraphs[1]).toContain('Line 6 of speech. Line 7 of speech.')
  })

  test('of hours has the second it begins at in every chunk of it', async () => {
    const { all } = await open({ [id(1)]: spoken(1500) }, { videos: [id(1)] })
    const [one] = await all()
    if (!one || isSourceReject(one)) throw new Error('no document')
    const chunks = chunkText(
      { text: one.text, mediaType: one.mediaType, headings: [] },
      { strategy: 'markdown', chunk_size: 512, chunk_overlap: 64 },
    )
    expect(chunks.length).toBeGreaterThan(10)
    expect(chunks.filter(({ text }) => !text.includes('https://youtu.be/'))).toEqual([])
    expect(one.text).toContain('[2:04:30](')
  })

  test.each([
    [{}, 'no_transcript', 'has no transcript.', undefined],
    [{ transcripts: { de: words(1) } }, 'no_transcript', 'has transcripts in de; asked for: en, fr.', undefined],
    [{ transcripts: { en: null } }, 'transcript_withheld', 'does not give out', undefined],
    [{ status: { status: 'ERROR', reason: 'Video unavailable' } }, 'video_unavailable', 'Video unavailable', true],
    [
      { status: { status: 'LOGIN_REQUIRED', reason: 'This is a private video' } },
      'video_unavailable',
      'private',
      undefined,
    ],
    [
      { status: { status: 'LOGIN_REQUIRED', reason: 'It may be inappropriate.' } },
      'age_restricted',
      'inappropriate',
      undefined,
    ],
  ])('without a transcript that is wanted is rejected with its cause: %o', async (video, code, message, gone) => {
    const spec = { videos: [id(1)], languages: ['en', 'fr'] }
    const [one] = await (await open({ [id(1)]: video as TestVideo }, spec)).all()
    expect(one).toMatchObject({ code, message: expect.stringContaining(String(message)) })
    expect(one && 'gone' in one ? one.gone : undefined).toBe(gone)
  })

  test.each([
    [{}, ['de', 'manual']],
    [{ languages: ['en', 'de'] }, ['en', 'generated']],
    [{ languages: ['pt'] }, ['pt-BR', 'manual']],
    [{ languages: ['en', 'de'], generated: false }, ['de', 'manual']],
  ])('is taken in the first language that is wanted, people before machines: %o', async (wanted, language) => {
    const transcripts = { 'asr:en': words(1), de: words(1), 'asr:de': words(1), 'pt-BR': words(1) }
    const [one] = await (await open({ [id(1)]: { transcripts } }, { videos: [id(1)], ...wanted })).all()
    expect(one && !isSourceReject(one) && [one.metadata.language, one.metadata.transcript]).toEqual(language)
  })
})

describe('lists', () => {
  const videos = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [id(i), spoken()]))
  const pages = [[id(1), id(2), id(3)], [id(4)], [id(5)]]

  test('videos, then playlists page by page, then the uploads of channels; each bite goes on from its cursor', async () => {
    const channel = `UC${'x'.repeat(22)}`
    const { run, source, server } = await open(
      videos,
      { videos: [id(0)], playlists: ['PL0123456789abc'], channels: [channel] },
      { PL0123456789abc: pages, [`UU${'x'.repeat(22)}`]: [[id(6), id(7)]] },
    )
    const bites = await run()
    const uris = bites.map(({ bite }) => bite.documents.map(({ uri }) => uri.slice(-11)))
    expect(uris).toEqual([[id(0)], [id(1), id(2)], [id(3)], [id(4)], [id(5)], [id(6), id(7)]])
    for (const { cursor, bite } of bites) expect(await source.bite(cursor, signal)).toEqual(bite)
    expect(await source.total(signal)).toBeNull()
    expect(server.bodies.find(({ browseId }) => browseId === 'VLPL0123456789abc')?.context?.client.clientName).toBe(
      'WEB',
    )
  })

  test('of videos alone are known in number', async () => {
    const { source } = await open(videos, { videos: [id(0), id(1), id(0)] })
    expect(await source.total(signal)).toBe(2)
  })

  test('a page without a row that is known is no end of the list: what is not seen of it is not taken for gone', async () => {
    const { run } = await open(videos, { playlists: ['PL0123456789abc'] }, { PL0123456789abc: [[id(1)], []] })
    const bites = await run()
    expect(bites.map(({ bite }) => bite.unlisted?.length)).toEqual([0, 1])
    expect(bites[1]?.bite.unlisted).toEqual(['A page of the playlist PL0123456789abc came without a video.'])
  })

  test('an answer in a form that is not known is no empty list: it is tried again, and nothing taken for gone', async () => {
    const { run } = await open(videos, { playlists: ['PLnowhere12345'] })
    await expect(run()).rejects.toMatchObject({ code: 'youtube_unreadable' })
  })
})

describe('a service that does not answer as it should', () => {
  test('is waited for when it says so, or takes us for a robot', async () => {
    const { source, server } = await open({ [id(1)]: spoken() }, { videos: [id(1)] })
    server.refuse(() => ({ status: 429, headers: { 'retry-after': '7' } }))
    await expect(source.bite(null, signal)).rejects.toMatchObject({ name: 'Wait', retryAfterMs: 7000 })
    const doubted = await open(
      { [id(1)]: { status: { status: 'LOGIN_REQUIRED', reason: 'Sign in to confirm you’re not a bot' } } },
      { videos: [id(1)] },
    )
    await expect(doubted.source.bite(null, signal)).rejects.toMatchObject({ name: 'Wait', code: 'youtube_doubts' })
  })

  test('is tried again where it may pass, and fails the phase where it will not; no video is rejected for it', async () => {
    const { source, server } = await open({ [id(1)]: spoken() }, { videos: [id(1)] })
    server.refuse(() => ({ status: 500 }))
    await expect(source.bite(null, signal)).rejects.toMatchObject({ name: 'SourceTrouble', code: 'bad_status' })
    server.refuse(() => ({ body: '<html>' }))
    await expect(source.bite(null, signal)).rejects.toMatchObject({
      name: 'SourceTrouble',
      code: 'youtube_unreadable',
    })
    server.refuse(() => ({ status: 403 }))
    await expect(source.bite(null, signal)).rejects.toMatchObject({ name: 'Fatal', code: 'bad_status' })
  })
})

test('one video is read by its address', async () => {
  const { source } = await open({ [id(1)]: spoken() }, { videos: [id(2)] })
  expect(await source.read(`https://www.youtube.com/watch?v=${id(1)}`, signal)).toMatchObject({ title: id(1) })
  expect(await source.read('https://www.youtube.com/watch', signal)).toMatchObject({ code: 'outside_source' })
})

describe('a spec', () => {
  test('takes ids and addresses, and is named by what it lists', () => {
    const spec = specOf({
      videos: ['https://youtu.be/dQw4w9WgXcQ', 'https://www.youtube.com/watch?v=AbCdEfGhIjK&t=4', 'video-00001'],
      playlists: ['https://www.youtube.com/playlist?list=PL0123456789abc'],
    })
    expect(spec.videos).toEqual(['dQw4w9WgXcQ', 'AbCdEfGhIjK', 'video-00001'])
    const kind = youtubeKind({ fetcher: fetcherWith(), endpoint: new URL('https://www.youtube.com') })
    expect(kind.id(spec)).toBe('youtube:AbCdEfGhIjK,PL0123456789abc,dQw4w9WgXcQ,video-00001')
    expect(kind.id({ ...spec, languages: ['de'] })).toBe(kind.id(spec))
  })

  test.each([
    [{}, 'must name videos, playlists or channels'],
    [{ videos: ['short'] }, 'must be the id or the address of a video'],
    [{ videos: ['https://example.org/watch?v=dQw4w9WgXcQ'] }, 'must be the id or the address of a video'],
    [{ channels: ['@name'] }, 'must be the id or the address of a channel (it begins with UC)'],
    [{ videos: ['dQw4w9WgXcQ'], languages: ['English'] }, 'must be a language such as en or pt-BR'],
  ])('is refused with a reason: %o', (spec, message) => {
    const { error } = sourceSpec.safeParse({ type: 'youtube', ...spec })
    expect(error?.issues.map(issue => issue.message)).toEqual([message])
  })

  test('is refused where the endpoint may not be asked', async () => {
    const kind = youtubeKind({ fetcher: fetcherWith(), endpoint: new URL('http://127.0.0.1:9') })
    expect(await kind.check(specOf({ videos: ['dQw4w9WgXcQ'] }), null)).toMatchObject([{ path: '' }])
  })
})
