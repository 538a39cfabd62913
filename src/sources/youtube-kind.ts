import { hash } from 'node:crypto'
import type { Fetcher } from './fetcher.ts'
import type { SourceKind } from './kind.ts'
import type { YoutubeSpec } from './specs/youtube.ts'
import { YoutubeClient } from './youtube/client.ts'
import { youtubeSource } from './youtube/youtube-source.ts'

export interface YoutubeDeps {
  readonly fetcher: Fetcher
  readonly endpoint: URL
}

/** More names than this become a short one. */
const longestId = 120

/** Videos by their transcripts. A source is what it lists, whatever the languages. */
export const youtubeKind = ({ fetcher, endpoint }: YoutubeDeps): SourceKind<YoutubeSpec> => ({
  id({ videos = [], playlists = [], channels = [] }) {
    const names = [...new Set([...videos, ...playlists, ...channels])].sort().join(',')
    return `youtube:${names.length <= longestId ? names : hash('sha256', names).slice(0, 32)}`
  },
  async check() {
    const [refused] = await fetcher.refusals([endpoint])
    return !refused ? [] : [{ path: '', message: `YouTube cannot be asked here: ${refused.message}` }]
  },
  open(spec, { job: { job_id: asker } }) {
    return youtubeSource({ client: new YoutubeClient({ fetcher, endpoint, asker }), spec })
  },
})
