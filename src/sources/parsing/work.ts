import type { ParseOrder } from './parsers.ts'

/** One input that waits for its parser, or is with it. */
export interface Work {
  readonly parser: string
  readonly input: unknown
  readonly order: ParseOrder
  /** Whoever ordered it has what it waited for. */
  settled: boolean
  /** How many children ended with it. */
  failures: number
  resolve(output: unknown): void
  reject(error: unknown): void
}

const most = { inputs: 32, size: 1024 * 1024 }

/**
 * What a child gets at once: the first of these works, and those for the same parser that fit with it and end with it, by
 * the same signal. One that a child
 * has ended with goes alone.
 */
export const batchOf = (waiting: readonly Work[]): readonly Work[] => {
  const [first, ...others] = waiting
  if (!first || first.failures > 0) return waiting.slice(0, 1)
  const batch = [first]
  let size = sizeOf(first.input)
  for (const one of others) {
    if (one.parser !== first.parser || one.order.signal !== first.order.signal || one.failures > 0) continue
    size += sizeOf(one.input)
    if (batch.length === most.inputs || size > most.size) break
    batch.push(one)
  }
  return batch
}

/** In characters or bytes; what is neither text nor bytes goes alone. */
const sizeOf = (input: unknown): number =>
  typeof input === 'string' ? input.length : ArrayBuffer.isView(input) ? input.byteLength : most.size
