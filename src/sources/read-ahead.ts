/** How much is read ahead. */
export interface Lots {
  /** Items read at once. */
  readonly atOnce: number
  /** A lot is full with so many items, or with so much of them. */
  readonly items: number
  readonly size: number
}

/**
 * Reads items by lots, in order, and parses each of a lot; while one lot is parsed the next is read, but none further.
 * Whoever stops early loses what was read last. Throws what `read` and `parse` throw.
 */
export async function* readAhead<Item, Read, Parsed>(
  items: readonly Item[],
  lots: Lots,
  read: (item: Item) => Promise<Read>,
  sizeOf: (one: Read) => number,
  parse: (one: Read) => Promise<Parsed>,
): AsyncGenerator<readonly Parsed[]> {
  let from = 0
  const readLot = async () => {
    const lot: Read[] = []
    for (let size = 0; from < items.length && lot.length < lots.items && size < lots.size; ) {
      const some = items.slice(from, from + lots.atOnce)
      from += some.length
      for (const one of await Promise.all(some.map(read))) {
        lot.push(one)
        size += sizeOf(one)
      }
    }
    return lot
  }
  for (let next = await readLot(); next.length > 0; ) {
    const [parsed, following] = await Promise.all([Promise.all(next.map(parse)), readLot()])
    next = following
    yield parsed
  }
}
