import type { Broker } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import type { LaneControl } from '../schemas/lane-control.ts'
import { control } from '../schemas/topics.ts'

/** What the coordinator wants of each lane, as far as this process has read it. One for all stages of a process. */
export interface Gate {
  of(lane: number): LaneControl | null
  /** What is known of every lane. */
  all(): Iterable<LaneControl>
  /** Called after each newer revision of a lane; returns the way to end it. */
  onChange(listener: (control: LaneControl) => void): () => void
  /** Resolves when everything that was in `control` at the time of the call has been read. */
  readToEnd(): Promise<void>
  close(): Promise<void>
}

export interface GateOptions {
  readonly broker: Broker
  readonly codec: Codec
  failed(error: Error): void
}

/** Reads `control` whole before it returns, and follows it from then on. */
export const openGate = async ({ broker, codec, failed }: GateOptions): Promise<Gate> => {
  const lanes = new Map<number, LaneControl>()
  const listeners = new Set<(control: LaneControl) => void>()

  const read = (value: Buffer) => {
    const next = codec.decode(control, value)
    const known = lanes.get(next.lane)
    if (known && known.revision >= next.revision) return
    lanes.set(next.lane, next)
    for (const listener of listeners) listener(next)
  }

  const { start } = await broker.range(control.name, 0)
  const follower = await broker.follow({
    topic: control.name,
    from: new Map([[0, start]]),
    failed,
    async records({ records }) {
      await codec.prepare(records.map(record => record.value))
      for (const record of records) read(record.value)
    },
  })
  await follower.caughtUp()

  return {
    of: lane => lanes.get(lane) ?? null,
    all: () => lanes.values(),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    readToEnd: () => follower.caughtUp(),
    close: () => follower.stop(),
  }
}
