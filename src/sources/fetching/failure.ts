/** Why there is no page: data, for whoever asked to judge. The message names the URL and never an address behind it. */
export interface FetchFailure {
  readonly code: FetchFailureCode
  readonly message: string
  /** True where the same request may succeed later. */
  readonly retryable: boolean
  readonly status?: number
  /** How long the host asked to be left alone, in ms. */
  readonly retryAfterMs?: number
  /** True where the server says that there is nothing (any more). */
  readonly gone?: true
}

export type FetchFailureCode =
  | 'forbidden_url'
  | 'forbidden_address'
  | 'host_not_found'
  | 'connection_failed'
  | 'bad_certificate'
  | 'timeout'
  | 'too_large'
  | 'headers_too_large'
  | 'bad_response'
  | 'bad_encoding'
  | 'unsupported_type'
  | 'too_many_redirects'
  | 'bad_redirect'
  | 'page_gone'
  | 'bad_status'
  | 'rate_limited'
  | 'robots_disallowed'
  | 'robots_unavailable'
  | 'outside_source'

/** Inside the fetcher a failure is thrown; it leaves it as data. */
export class Failed extends Error {
  override readonly name = 'Failed'
  readonly failure: FetchFailure
  constructor(failure: FetchFailure, options?: ErrorOptions) {
    super(failure.message, options)
    this.failure = failure
  }
}

export const failed = (
  code: FetchFailureCode,
  message: string,
  more: Partial<Omit<FetchFailure, 'code' | 'message'>> = {},
  options?: ErrorOptions,
): Failed => new Failed({ code, message, retryable: false, ...more }, options)
