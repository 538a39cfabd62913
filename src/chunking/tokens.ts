import { countTokens as encodeAndCount } from 'gpt-tokenizer/encoding/cl100k_base'

/**
 * Token counts of any slice of a text, after one pass over it. Tokens are those of cl100k_base. Its pattern splits text
 * into pieces that are encoded each on its own, so a slice costs what its whole pieces cost plus its two edges.
 *
 * Runs without a border (a megabyte of one letter, base64) are cut after `longest` characters, where byte pair encoding
 * would take quadratic time. Counts of such runs can therefore exceed cl100k's own, never by much.
 */
export class TokenIndex {
  readonly text: string
  /** Where each piece ends, ascending; the last is the length of the text. */
  readonly ends: Uint32Array
  /** Tokens of the pieces up to and including this one. */
  readonly #sums: Uint32Array
  #head: Head = { start: -1, position: 0, tokens: 0, piece: 0, joined: false }

  constructor(text: string) {
    const ends = new Uint32Array(text.length)
    const sums = new Uint32Array(text.length)
    let pieces = 0
    let sum = 0
    for (let at = 0; at < text.length; ) {
      const end = pieceEnd(text, at)
      sum += tokensOfPiece(text.slice(at, end))
      ends[pieces] = end
      sums[pieces] = sum
      pieces += 1
      at = end
    }
    this.text = text
    this.ends = ends.subarray(0, pieces)
    this.#sums = sums.subarray(0, pieces)
  }

  /** Tokens of text[start, end) encoded on its own. `start` and `end` do not cut a surrogate pair. */
  count(start: number, end: number): number {
    if (end <= start) return 0
    const head = this.#headFrom(start, end)
    if (!head.joined)
      return head.position <= end ? head.tokens + this.#direct(head.position, end) : this.#direct(start, end)
    const pieces = this.piecesWithin(end)
    if (pieces < head.piece) return this.#direct(start, end)
    const whole = pieces === 0 ? 0 : (this.ends[pieces - 1] as number)
    return head.tokens + this.#sumBefore(pieces) - this.#sumBefore(head.piece) + this.#direct(whole, end)
  }

  /** How many pieces end at or before `position`. */
  piecesWithin(position: number): number {
    let low = 0
    let high = this.ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.ends[middle] as number) <= position) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The last piece border with at most `tokens` tokens between `start` and it; at most `start` if there is none. */
  forward(start: number, tokens: number): number {
    const limit = this.#sumBefore(this.piecesWithin(start)) + tokens
    return this.ends[this.#piecesUpTo(limit) - 1] ?? 0
  }

  /** The first piece border with at most `tokens` tokens between it and `end`. */
  backward(end: number, tokens: number): number {
    const all = this.#sumBefore(this.piecesWithin(end))
    if (all <= tokens) return 0
    const pieces = this.#piecesUpTo(all - tokens - 1)
    return this.ends[pieces] ?? end
  }

  /** How many pieces have together at most `tokens` tokens. */
  #piecesUpTo(tokens: number): number {
    let low = 0
    let high = this.#sums.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sums[middle] as number) <= tokens) low = middle + 1
      else high = middle
    }
    return low
  }

  #sumBefore(piece: number): number {
    return piece === 0 ? 0 : (this.#sums[piece - 1] as number)
  }

  #direct(start: number, end: number): number {
    return start < end ? countTokens(this.text.slice(start, end)) : 0
  }

  /**
   * From a start inside a piece, encodes on to the place where a piece ends with one of the whole text, and joins it
   * there; not beyond `end`. Kept for the next call, which often has the same start and a larger end.
   */
  #headFrom(start: number, end: number): Head {
    if (this.#head.start !== start)
      this.#head = { start, position: start, tokens: 0, piece: this.piecesWithin(start), joined: false }
    const head = this.#head
    while (!head.joined) {
      while (head.piece < this.ends.length && (this.ends[head.piece] as number) <= head.position) head.piece += 1
      head.joined = head.position === 0 || this.ends[head.piece - 1] === head.position
      if (head.joined || head.position >= end) break
      const next = pieceEnd(this.text, head.position)
      if (next > end) break
      head.tokens += tokensOfPiece(this.text.slice(head.position, next))
      head.position = next
    }
    return head
  }
}

interface Head {
  readonly start: number
  /** Encoded up to here, in so many tokens. */
  position: number
  tokens: number
  /** Pieces of the whole text that end at or before the position. */
  piece: number
  /** Whether the last of them ends there. */
  joined: boolean
}

/** Tokens of a text encoded on its own. */
export const countTokens = (text: string): number => {
  let tokens = 0
  for (let at = 0; at < text.length; ) {
    const end = pieceEnd(text, at)
    tokens += tokensOfPiece(text.slice(at, end))
    at = end
  }
  return tokens
}

/** The pattern of cl100k_base with its unbounded runs bounded. It looks ahead by one character and never behind. */
const longest = 48
const pattern = new RegExp(
  [
    "'(?:[sS]|[dD]|[mM]|[tT]|[lL][lL]|[vV][eE]|[rR][eE])",
    `[^\\r\\n\\p{L}\\p{N}]?\\p{L}{1,${longest}}`,
    '\\p{N}{1,3}',
    ` ?[^\\s\\p{L}\\p{N}]{1,${longest}}[\\r\\n]{0,${longest}}`,
    `\\s{0,${longest}}[\\r\\n]`,
    `\\s{1,${longest}}(?!\\S)`,
    '\\s',
  ].join('|'),
  'uy',
)

const pieceEnd = (text: string, start: number): number => {
  pattern.lastIndex = start
  return pattern.test(text) ? pattern.lastIndex : start + 1
}

/** Words repeat: their counts are kept, and forgotten all at once when they are many. */
const known = new Map<string, number>()
const knownAtMost = 100_000

const tokensOfPiece = (piece: string): number => {
  const before = known.get(piece)
  if (before !== undefined) return before
  const tokens = encodeAndCount(piece)
  if (known.size >= knownAtMost) known.clear()
  known.set(piece, tokens)
  return tokens
}
