import type { Validators } from './answers.ts'
import type { BodyLimits } from './body.ts'

/** How a URL is asked for. */
export interface FetchOptions {
  /** Whose request it is: robots.txt is read once for each. */
  readonly asker: string
  readonly signal: AbortSignal
  /** False asks what robots.txt forbids. */
  readonly respectRobots: boolean
  /** Below the fetcher's own. */
  readonly rate?: number | undefined
  readonly concurrency?: number | undefined
  /** Media types that are read; all unless given. */
  readonly types?: (essence: string) => boolean
  readonly limits?: BodyLimits
  /** Of what is known already: an unchanged page is not sent again. */
  readonly validators?: Validators | null
  /** Redirects that are followed; each is checked like the first URL. */
  readonly redirects?: number
}

export const mostRedirects = 5
