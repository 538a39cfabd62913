import { setImmediate } from 'node:timers/promises'
import type { Embedder } from './model.ts'
import { stopWords, wordsOf } from './words.ts'

/**
 * The embedder that needs nothing: no network, no model file, no key. It hashes words, pairs of words and pieces of
 * words into a fixed number of dimensions with signs, so that the cosine of two vectors says how much wording they
 * share. It knows no synonyms. Source: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (2009).
 *
 * The same text gives the same bytes on every machine: it uses integer arithmetic, + * / and the square root, all of
 * which IEEE 754 fixes, and none of the functions (log, exp, pow) that may differ. The name carries the version of
 * the algorithm, because vectors of two algorithms cannot be compared: any change here is a new name.
 */
export const hashingModel = 'hashing-v1'

/** Texts between two rests; a text takes less than a millisecond. */
const textsAtOnce = 16

export const hashingEmbedder = (dimensions: number): Embedder => {
  const embedOne = hasher(dimensions)
  return {
    model: hashingModel,
    dimensions,
    async embed(texts, signal, rest = () => setImmediate()) {
      const vectors: Float32Array[] = []
      for (const text of texts) {
        if (vectors.length % textsAtOnce === 0) {
          await rest()
          signal.throwIfAborted()
        }
        vectors.push(embedOne(text))
      }
      return vectors
    },
  }
}

const weights = { word: 1, pair: 0.35, pieces: 1, stopWord: 0.1 }
/** How soon repeating a word stops counting, as k1 of BM25. */
const saturation = 1.2
/** Words whose features are remembered; emptied when full. */
const rememberedWords = 50_000

/** What a word adds to a vector: places and signed amounts, and the hash by which pairs are made. */
interface WordFeatures {
  readonly hash: number
  readonly places: Int32Array
  readonly amounts: Float64Array
  readonly weight: number
}

const hasher = (dimensions: number) => {
  const words = new Map<string, WordFeatures>()
  const featuresOf = (word: string): WordFeatures => {
    const known = words.get(word)
    if (known) return known
    if (words.size >= rememberedWords) words.clear()
    const made = wordFeatures(word, dimensions)
    words.set(word, made)
    return made
  }

  return (text: string): Float32Array => {
    const sums = new Float64Array(dimensions)
    const counts = new Map<WordFeatures, number>()
    const pairs = new Map<number, number>()
    let before: WordFeatures | null = null
    for (const word of wordsOf(text)) {
      const features = featuresOf(word)
      counts.set(features, (counts.get(features) ?? 0) + 1)
      if (before) {
        const pair = mix(Math.imul(before.hash, 31) ^ features.hash)
        const weight = before.weight * features.weight
        if (weight > 0.05) pairs.set(pair, (pairs.get(pair) ?? 0) + weight)
      }
      before = features
    }

    for (const [{ places, amounts }, count] of counts) {
      const times = saturated(count)
      for (let i = 0; i < places.length; i++) sums[places[i]!]! += amounts[i]! * times
    }
    for (const [hash, count] of pairs)
      sums[placeOf(hash, dimensions)]! += signOf(hash) * weights.pair * saturated(count)
    if (counts.size === 0) sums[placeOf(hashOf(text, 0, text.length, 7), dimensions)] = 1
    return normalised(sums)
  }
}

const wordFeatures = (word: string, dimensions: number): WordFeatures => {
  const hash = hashOf(word, 0, word.length, 1)
  const weight = stopWords.has(word) ? weights.stopWord : 1
  const hashes = [hash]
  const amounts = [weight * weights.word]
  if (weight === 1 && word.length > 3) {
    const pieces = piecesOf(word)
    // A long word has more pieces but no more to say: together they weigh the same.
    const each = weights.pieces / Math.sqrt(pieces.length)
    for (const piece of pieces) {
      hashes.push(piece)
      amounts.push(each)
    }
  }
  return {
    hash,
    weight,
    places: Int32Array.from(hashes, one => placeOf(one, dimensions)),
    amounts: Float64Array.from(amounts, (amount, i) => amount * signOf(hashes[i]!)),
  }
}

/** Hashes of the runs of 3 to 5 characters inside a word, whose borders count as characters. */
const piecesOf = (word: string): readonly number[] => {
  const bordered = `<${word.slice(0, 64)}>`
  const hashes: number[] = []
  for (let size = 3; size <= 5; size++)
    for (let start = 0; start + size <= bordered.length; start++)
      hashes.push(hashOf(bordered, start, start + size, size))
  return hashes
}

const saturated = (count: number): number => (count * (saturation + 1)) / (count + saturation)

/** FNV-1a over UTF-16 code units, then mixed. */
const hashOf = (text: string, start: number, end: number, seed: number): number => {
  let hash = 0x811c9dc5 ^ seed
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash)
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
const mix = (value: number): number => {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** The lowest bit is the sign, the others the place, so that the two are independent. */
const placeOf = (hash: number, dimensions: number): number => (hash >>> 1) % dimensions
const signOf = (hash: number): number => ((hash & 1) === 0 ? 1 : -1)

const normalised = (sums: Float64Array): Float32Array => {
  let squares = 0
  for (const sum of sums) squares += sum * sum
  const length = Math.sqrt(squares) || 1
  return Float32Array.from(sums, sum => sum / length)
}
