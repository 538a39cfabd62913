/** First come, first served; whoever holds the turn may take it again. */
export interface Turns<T> {
  /** Resolves when the turn is the caller's; at once when it is already. Rejects when it leaves while waiting. */
  take(who: T): Promise<void>
  release(who: T): void
  /** Gives up waiting. A turn that is held stays held until `release`. */
  leave(who: T): void
  holder(): T | null
}

export const createTurns = <T>(): Turns<T> => {
  let holder: T | null = null
  let waiting: { readonly who: T; readonly go: () => void; readonly leave: (error: Error) => void }[] = []
  return {
    take(who) {
      if (holder === null || holder === who) {
        holder = who
        return Promise.resolve()
      }
      return new Promise((go, leave) => waiting.push({ who, go, leave }))
    },
    release(who) {
      if (holder !== who) return
      const next = waiting.shift()
      holder = next?.who ?? null
      next?.go()
    },
    leave(who) {
      const left = waiting.filter(one => one.who === who)
      waiting = waiting.filter(one => one.who !== who)
      for (const one of left) one.leave(new Error('The client has left.'))
    },
    holder: () => holder,
  }
}
