import type { Topic } from '../schemas/topics.ts'
import type { Effects } from './effects.ts'
import { codeOf } from './errors.ts'
import type { Slice } from './lane-queue.ts'
import type { Input, Rejected } from './settle.ts'
import type { Outcome, Stage, StageContext } from './stage.ts'
import type { Holding } from './takeover.ts'

export interface ApplySliceOptions<W> {
  readonly stage: Stage<Topic, readonly Topic[], W>
  readonly holding: Holding
  readonly slice: Slice
  readonly effects: Effects<W> | null
}

/** Applies the slice to the store; returns what the store refused, earlier deliveries included. */
export const applySlice = async <W>(
  { stage, holding, slice, effects }: ApplySliceOptions<W>,
  inputs: readonly Input[],
  outcomes: readonly Outcome[],
  context: StageContext,
): Promise<readonly Rejected[]> => {
  if (!stage.effect || !effects || !holding.claim) return []
  const kept = inputs.filter((_, i) => !(outcomes[i] instanceof Error))
  const refused = await effects.apply(holding.claim, slice.first, slice.next, async (writer, from) => {
    const fresh = kept.filter(input => input.record.offset >= from)
    if (fresh.length === 0) return []
    const rejects = await stage.effect!(
      fresh.map(input => input.value),
      writer,
      context,
    )
    return [...rejects].flatMap(([i, refused]) => {
      const { offset } = fresh[i]!.record
      if (refused instanceof Error) return [{ offset, code: codeOf(refused), message: refused.message }]
      return refused.map(({ uri, reject }) => ({ offset, code: codeOf(reject), message: reject.message, uri }))
    })
  })
  const byOffset = new Map(inputs.map(input => [input.record.offset, input]))
  return refused.flatMap(reject => {
    const input = byOffset.get(reject.offset)
    if (!input) return []
    return [{ ...input, uri: reject.uri ?? null, reject, ...(reject.uri === undefined ? {} : { part: true as const }) }]
  })
}
