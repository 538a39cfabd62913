import { Reject, Wait } from '../../runtime/errors.ts'
import type { Page } from '../fetching/answers.ts'
import { mostRedirects } from '../fetching/fetch-options.ts'
import type { SourceDocument, SourceReject } from '../source.ts'
import { SourceTrouble } from '../source-trouble.ts'
import { isReadable, readPage } from './page-reader.ts'
import { leadsOut, type Scope } from './scope.ts'
import { fetchOptions, isOfHost, type VisitFailure, type Visiting } from './visit.ts'

/** Where a host does not say when it may be asked again, in ms. */
const unsaidMs = 10_000

/**
 * One page by its address, as a replay wants it: filters and depth aside, and by the rules of every request; redirects
 * are followed inside of the source's hosts. Throws Wait where the host is to be left alone, and SourceTrouble for what
 * may pass.
 */
export const readOne = async (
  visiting: Visiting,
  scope: Scope,
  { url, uri }: { readonly url: URL; readonly uri: string },
  signal: AbortSignal,
): Promise<SourceDocument | SourceReject> => {
  const found = await followed(visiting, scope, url, signal)
  if ('code' in found) return refusal(found, uri)
  try {
    const { title, mediaType, text, offset, metadata } = await readPage(found, { ...visiting, signal })
    if (text.trim() === '') return { uri, code: 'empty_document', message: `${uri} has no text to index.` }
    return { uri, title, mediaType, text, metadata, ...(offset === undefined ? {} : { offset }) }
  } catch (error) {
    if (!(error instanceof Reject)) throw error
    return { uri, code: error.code, message: error.message }
  }
}

type NotRead = Omit<VisitFailure, 'retryable'> & { readonly retryable?: boolean }

const refusal = (
  { code, message, gone, retryable = false, retryAfterMs = unsaidMs }: NotRead,
  uri: string,
): SourceReject => {
  if (isOfHost({ code, message, retryable })) throw new Wait(code, message, retryAfterMs)
  if (retryable) throw new SourceTrouble(code, message, { ofOne: true })
  return { uri, code, message, ...(gone ? { gone } : {}) }
}

const followed = async (visiting: Visiting, scope: Scope, first: URL, signal: AbortSignal): Promise<Page | NotRead> => {
  const options = { ...fetchOptions(visiting, signal), types: isReadable, redirects: 0 }
  let url = first
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const found = await visiting.fetcher.fetch(url, options)
    if (found.kind === 'page' || found.kind === 'failed') return found
    if (found.kind !== 'redirect') throw new Error(`${url.href} was asked without validators and is ${found.kind}.`)
    if (!scope.hosts(found.to)) return leadsOut(url.href, found.to)
    url = found.to
  }
  return { code: 'too_many_redirects', message: `${first.href} redirects more than ${mostRedirects} times.` }
}
