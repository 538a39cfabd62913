import type { Broker } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import type { LaneControl } from '../schemas/lane-control.ts'
import { control } from '../schemas/topics.ts'

export interface ReadControlOptions {
  readonly broker: Pick<Broker, 'range' | 'follow'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
}

/** Lane to what `control` says of it at its end: the newest revision that was committed before the call. */
export const readControl = async ({ broker, codec }: ReadControlOptions): Promise<ReadonlyMap<number, LaneControl>> => {
  const told = new Map<number, LaneControl>()
  const { start } = await broker.range(control.name, 0)
  const { promise: broken, reject } = Promise.withResolvers<never>()
  const follower = await broker.follow({
    topic: control.name,
    from: new Map([[0, start]]),
    failed: reject,
    async records({ records }) {
      await codec.prepare(records.map(({ value }) => value))
      for (const { value } of records) {
        const next = codec.decode(control, value)
        if (next.revision >= (told.get(next.lane)?.revision ?? 0)) told.set(next.lane, next)
      }
    },
  })
  try {
    await Promise.race([follower.caughtUp(), broken])
  } finally {
    await follower.stop()
  }
  return told
}
