/** What a parser child and its parent say to one another. */

/** To the child: inputs for one parser, in order. It is sent when all of the one before were answered. */
export interface Batch {
  readonly parser: string
  readonly inputs: readonly unknown[]
}

/** From the child: that it is ready, that its parser is a step further, or what became of the next inputs of the batch. */
export type Said = 'ready' | 'further' | Answers

export interface Answers {
  readonly outputs: readonly Output[]
  /** Resident memory of the child, in bytes. */
  readonly rss: number
}

/** Serialized, so that its size is known before it is sent; or why there is none. */
export type Output = { readonly value: Uint8Array } | { readonly code: string; readonly message: string }

/** Outputs are sent together up to about this size. */
export const outputBytesAtOnce = 1024 * 1024

/** The code of an output that is not sent because it is larger than this. */
export const outputTooLarge = 'parser_output_too_large'
export const mostOutputBytes = 64 * 1024 * 1024

/** Says that a parser is a step further. */
export type Further = () => void

/** So often an input gets its whole time anew for being further. */
export const mostSteps = 32

/** A thread of the child ends it with this signal when its memory passes the cap. */
export const overMemory = 'SIGUSR2'
