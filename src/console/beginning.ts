import { type Client, ClientError } from '../api/client.ts'
import { addressSource } from '../api/contract/address-source.ts'
import type { AnswerOf, CallOf } from '../api/contract/routes.ts'

type Source = CallOf<'ingest'>['body']['sources'][number]

/** Where an ingestion takes its documents from. */
export type From =
  | { readonly kind: 'files'; readonly files: readonly File[] }
  | { readonly kind: 'addresses'; readonly lines: readonly string[] }
  | { readonly kind: 'folders'; readonly lines: readonly string[] }
  | { readonly kind: 'events' }

export interface Wanted {
  readonly kb_id: string
  readonly from: From
  /** `6h` or `1d`; null for once. */
  readonly refreshEvery: string | null
}

/** Uploads what is to be uploaded, one file after the other, then asks for the job; `uploaded` is told of each file. */
export const begin = async (
  client: Client,
  { kb_id, from, refreshEvery }: Wanted,
  uploaded: (files: number) => void,
): Promise<AnswerOf<'ingest'>> => {
  if (from.kind === 'files')
    for (const [i, file] of from.files.entries()) {
      await client.upload({ params: { kb_id, path: file.name }, octets: file }).catch(about(file))
      uploaded(i + 1)
    }
  const refresh = refreshEvery === null ? {} : { refresh_every: refreshEvery }
  return client.ingest({ body: { kb_id, sources: sourcesOf(from).map(source => ({ ...source, ...refresh })) } })
}

const sourcesOf = (from: From): readonly Source[] => {
  if (from.kind === 'files') return [{ type: 'local_files', uploads: true }]
  if (from.kind === 'addresses') return from.lines.map(addressSource)
  return from.kind === 'folders' ? from.lines.map(path => ({ type: 'local_files', path })) : [{ type: 'events' }]
}

const about = (file: File) => (error: unknown) => {
  if (!(error instanceof ClientError)) throw error
  const wrong = error.mistakes.map(({ path, message }) => `${path} ${message}`).join('; ')
  throw new Error(`${file.name} was not uploaded: ${wrong === '' ? error.message : wrong}`, { cause: error })
}
