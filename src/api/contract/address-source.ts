import type { IngestBody } from './requests.ts'

type Source = IngestBody['sources'][number]

/** Whether an address is one of YouTube, which is a source of transcripts and not a website. */
export const isVideoAddress = (address: string): boolean =>
  /^https?:\/\/(?:(?:www|m)\.)?(?:youtube\.com|youtu\.be)\//i.test(address)

/** A channel, a playlist or a video, by its address or by what its id looks like. */
export const videoList = (source: string) => {
  if (/^UC[\w-]{22}$|\/channel\//.test(source)) return { channels: [source] }
  if (/^(?:PL|UU|FL|OL|RD)[\w-]{10,}$|\/playlist\?/.test(source)) return { playlists: [source] }
  return { videos: [source] }
}

/** The source that an address is, with nothing said beside it. */
export const addressSource = (address: string): Source =>
  isVideoAddress(address) ? { type: 'youtube', ...videoList(address) } : { type: 'website', urls: [address] }
