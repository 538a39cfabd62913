interface Entry<T> {
  readonly at: number
  readonly order: number
  readonly what: T
}

const before = <T>(a: Entry<T>, b: Entry<T>): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** What is to happen, earliest first; at the same time in the order in which it was added. A binary heap. */
export class Agenda<T> {
  readonly #heap: Entry<T>[] = []
  #added = 0

  add(at: number, what: T): void {
    const heap = this.#heap
    const entry: Entry<T> = { at, order: this.#added++, what }
    let place = heap.length
    heap.push(entry)
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!before(entry, heap[above]!)) break
      heap[place] = heap[above]!
      place = above
    }
    heap[place] = entry
  }

  next(): Entry<T> | null {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last) return null
    if (heap.length === 0) return first
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++
      if (!before(heap[below]!, last)) break
      heap[place] = heap[below]!
      place = below
    }
    heap[place] = last
    return first
  }
}
