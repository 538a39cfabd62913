import type { Readable } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { Once } from '../coordinator/jobs.ts'
import type { Mistake } from './contract/errors.ts'
import type { AnswerOf, InputOf, RouteName, StatusOf } from './contract/routes.ts'
import type { Principal } from './doors/access.ts'

/** What one route does with a request that passed its schemas; refusals are thrown as ApiError. */
export interface Handler<N extends RouteName> {
  /**
   * Finds the mistakes that a schema cannot see, in the body as it came, so that all mistakes go back at once.
   * `known` are those of the schema; what they already name is not to be looked at. `kb` is the knowledge base that the
   * request names, if it does.
   */
  examine?(body: unknown, known: readonly Mistake[], exchange: Exchange, kb: string | null): Promise<readonly Mistake[]>
  answer(input: InputOf<N>, exchange: Exchange): Promise<Reply<N>>
}

export interface Exchange {
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal
  readonly log: FastifyBaseLogger
  /** The body of a route that takes a file, as it comes. */
  readonly octets?: Readable
  /** Bytes that such a body says it has; 0 where it does not say. */
  readonly announced: number
  readonly principal: Principal
  /** Whether its key is still good for this: what answers for long asks again. Rejects where nobody can say. */
  stillMay(): Promise<boolean>
  /** Names the request, and what it says, where it is to be carried out once. */
  readonly once: Once | null
  readonly trace: RequestTrace
}

export interface RequestTrace {
  /** W3C context of what is done for the request; null where neither it nor this process is traced. */
  readonly traceparent: string | null
  /** The answer is made of what these brought. */
  link(traceparents: readonly string[]): void
}

export interface Reply<N extends RouteName> {
  readonly status: StatusOf<N>
  /** A stream for a route that streams: its text is sent as it comes. */
  readonly body: AnswerOf<N> | Readable
  readonly headers?: Readonly<Record<string, string>>
}

export type Handlers = { readonly [N in RouteName]: Handler<N> }
