import { z } from 'zod'

const idIn = (what: string, pattern: RegExp, parameter: string | null, path: RegExp | null) =>
  z
    .string()
    .max(2048)
    .transform((text, context) => {
      const found = pattern.test(text) ? text : idOfUrl(text, parameter, path)
      if (found !== null && pattern.test(found)) return found
      context.addIssue({ code: 'custom', message: `must be the id or the address of ${what}` })
      return z.NEVER
    })

const hosts: ReadonlySet<string> = new Set(['youtube.com', 'www.youtube.com', 'm.youtube.com', 'youtu.be'])

const idOfUrl = (text: string, parameter: string | null, path: RegExp | null): string | null => {
  const url = URL.parse(text)
  if (url === null || !hosts.has(url.hostname)) return null
  const named = parameter === null ? null : url.searchParams.get(parameter)
  const inPath = path?.exec(url.hostname === 'youtu.be' ? `/v${url.pathname}` : url.pathname)?.[1] ?? null
  return named ?? inPath
}

const lists = { min: 'must name at least one', max: 'takes at most 100' } as const

export const videoId = /^[\w-]{11}$/
const playlistId = /^(?:PL|UU|FL|OL|RD)[\w-]{10,62}$/
const channelId = /^UC[\w-]{22}$/

/** Videos of YouTube, by their transcripts. */
export const youtubeSpec = z
  .strictObject({
    type: z.literal('youtube'),
    videos: z
      .array(idIn('a video', videoId, 'v', /^\/(?:v|shorts|live|embed)\/([\w-]{11})$/))
      .min(1, lists.min)
      .max(100, lists.max)
      .optional()
      .describe('Ids or addresses of videos.'),
    playlists: z
      .array(idIn('a playlist', playlistId, 'list', null))
      .min(1, lists.min)
      .max(100, lists.max)
      .optional()
      .describe('Ids or addresses of playlists.'),
    channels: z
      .array(idIn('a channel (it begins with UC)', channelId, null, /^\/channel\/(UC[\w-]{22})$/))
      .min(1, lists.min)
      .max(100, lists.max)
      .optional()
      .describe('Ids of channels (UC…) or addresses with them; all their uploads are read.'),
    languages: z
      .array(z.string().regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/, 'must be a language such as en or pt-BR'))
      .min(1, lists.min)
      .max(20, 'takes at most 20')
      .optional()
      .describe(
        'The first of these that a video has; any unless stated, and one that people made before a generated one.',
      ),
    generated: z.boolean().default(true).describe('Whether transcripts that a machine made are taken as well.'),
  })
  .refine(({ videos, playlists, channels }) => (videos ?? playlists ?? channels) !== undefined, {
    error: 'must name videos, playlists or channels',
  })

export type YoutubeSpec = z.output<typeof youtubeSpec>
