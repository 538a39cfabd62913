const RightDate = Date

/** From now on the wall clock of this process is wrong by so many ms; its monotonic clock and its timers are not. */
export const stepClock = (ms: number): void => {
  globalThis.Date = class extends RightDate {
    constructor(...given: readonly []) {
      if (given.length === 0) super(RightDate.now() + ms)
      else super(...given)
    }

    static override now(): number {
      return RightDate.now() + ms
    }
  } as DateConstructor
}
