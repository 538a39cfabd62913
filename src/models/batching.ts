import { LRUCache } from 'lru-cache'
import { Fatal, Reject, Wait } from '../runtime/errors.ts'

/** How the texts of one call are divided into requests. */
export interface BatchLimits {
  /** Texts in one request. */
  readonly texts: number
  /** UTF-16 code units in one request; a longer text travels alone. */
  readonly chars: number
  /** Requests in flight at once, of one call. */
  readonly concurrency: number
}

/** Sends one request: one vector a text, in order. */
export type SendBatch = (texts: readonly string[], signal: AbortSignal) => Promise<readonly Float32Array[]>

/** Bytes of recent texts and vectors that are kept. */
const keptBytes = 64 * 1024 * 1024

/**
 * Divides each call into requests, several in flight, equal texts sent once. No further one is started after an answer
 * that speaks for all, or once more have failed than arrived; those in flight are waited for. What arrives is kept for a
 * while, so the call that repeats a failed one asks only for what is left: without that, a provider whose limit is smaller
 * than a slice would never let it end, and one that fails now and then would not let a long slice end for long.
 */
export const inBatches = (send: SendBatch, limits: BatchLimits): SendBatch => {
  const kept = new LRUCache<string, Float32Array>({
    maxSize: keptBytes,
    sizeCalculation: (vector, text) => vector.byteLength + 2 * text.length + 1,
  })

  return async (texts, signal) => {
    const found = new Map<string, Float32Array>()
    const missing = new Set<string>()
    for (const text of texts) {
      const vector = kept.get(text)
      if (vector) found.set(text, vector)
      else missing.add(text)
    }

    const batches = divide(missing, limits)
    const failures: unknown[] = []
    let arrived = 0
    const sendNext = async (): Promise<void> => {
      if (failures.length > arrived || failures.some(speaksForAll)) return
      const batch = batches.shift()
      if (!batch) return
      try {
        signal.throwIfAborted()
        const vectors = await send(batch, signal)
        arrived++
        for (const [i, text] of batch.entries()) {
          found.set(text, vectors[i]!)
          kept.set(text, vectors[i]!)
        }
      } catch (error) {
        failures.push(error)
      }
      return sendNext()
    }
    await Promise.all(Array.from({ length: limits.concurrency }, sendNext))

    signal.throwIfAborted()
    if (failures.length > 0) throw failures.find(speaksForAll) ?? failures[0]
    return texts.map(text => found.get(text)!)
  }
}

/** A refusal or a limit: it would be the same for the next request, or is to be heeded first. */
const speaksForAll = (failure: unknown): boolean =>
  failure instanceof Reject || failure instanceof Fatal || failure instanceof Wait

const divide = (texts: Iterable<string>, limits: BatchLimits): string[][] => {
  const batches: string[][] = []
  let chars = 0
  for (const text of texts) {
    const last = batches.at(-1)
    chars += text.length
    if (last && last.length < limits.texts && chars <= limits.chars) last.push(text)
    else {
      batches.push([text])
      chars = text.length
    }
  }
  return batches
}
