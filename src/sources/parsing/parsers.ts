import type { Further } from './messages.ts'
import type { OwnParsers } from './table.ts'

/** Parsers by their names. What goes in and comes out is what a structured clone carries: texts, bytes, plain objects. */
export type ParserTable = Readonly<Record<string, Parser>>

/**
 * Made of bytes or text alone: it reads no file and keeps nothing. Throws a Reject for an input it can do nothing with.
 * One whose work is long says when it is a step further: its time begins anew, up to 32 times.
 */
export type Parser = (input: never, further: Further) => unknown

export type InputOf<T extends ParserTable, N extends keyof T> = Parameters<T[N]>[0]
export type OutputOf<T extends ParserTable, N extends keyof T> = Awaited<ReturnType<T[N]>>

/** Whose input it is, and until when it is wanted. */
export interface ParseOrder {
  /** Names the input in messages: the path of a file. */
  readonly of: string
  /** Whoever orders; none of them gets all children while others wait. */
  readonly asker: string
  /** Ends the parse at once, and the child with it. */
  readonly signal: AbortSignal
}

/** The port to parsers of structure that others wrote. */
export interface Parsers<T extends ParserTable = OwnParsers> {
  /**
   * What the parser makes of an input. Throws a Reject for an input that it cannot take: `parser_failed`,
   * `parser_died`, `parser_timeout`, `parser_out_of_memory`, `parser_output_too_large`, or what the parser itself says;
   * the signal's reason when that aborts; an Error `parser_unavailable` when no parser can be started.
   */
  parse<N extends keyof T & string>(name: N, input: InputOf<T, N>, order: ParseOrder): Promise<OutputOf<T, N>>
}
