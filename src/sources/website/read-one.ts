import { Reject } from '../../runtime/errors.ts'
import type { SourceDocument, SourceReject } from '../source.ts'
import { isReadable, readPage } from './page-reader.ts'
import { fetchOptions, type Visiting } from './visit.ts'

/** One page by its address, as a replay wants it: filters and depth aside, and by the rules of every request. */
export const readOne = async (
  visiting: Visiting,
  url: URL,
  uri: string,
  signal: AbortSignal,
): Promise<SourceDocument | SourceReject> => {
  const found = await visiting.fetcher.fetch(url, { ...fetchOptions(visiting, signal), types: isReadable })
  if (found.kind === 'failed') {
    const { code, message, gone } = found
    return { uri, code, message, ...(gone ? { gone } : {}) }
  }
  if (found.kind !== 'page') throw new Error(`${url.href} was asked without validators and is ${found.kind}.`)
  try {
    const { title, mediaType, text, offset, metadata } = await readPage(found, { ...visiting, signal })
    if (text.trim() === '') return { uri, code: 'empty_document', message: `${uri} has no text to index.` }
    return { uri, title, mediaType, text, metadata, ...(offset === undefined ? {} : { offset }) }
  } catch (error) {
    if (!(error instanceof Reject)) throw error
    return { uri, code: error.code, message: error.message }
  }
}
