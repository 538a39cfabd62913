/** How much is read ahead. */
export interface Lots {
  /** Items read at once, and how much they may be together; one that is larger is read alone. */
  readonly atOnce: number
  readonly sizeAtOnce: number
  /** A lot is full with so many items, or with so much of them. */
  readonly items: number
  readonly size: number
}

/**
 * Reads items by lots, in order, and parses each of a lot; while one lot is parsed the next is read, but none further.
 * So no more is held than two lots, each with what was read at once past its size. Whoever stops early loses what was
 * read last. Throws what `read` and `parse` throw.
 */
export async function* readAhead<Item, Read, Parsed>(
  items: readonly Item[],
  lots: Lots,
  sizeOf: (item: Item) => Promise<number>,
  read: (item: Item) => Promise<Read>,
  parse: (one: Read) => Promise<Parsed>,
): AsyncGenerator<readonly Parsed[]> {
  let from = 0
  const readLot = async () => {
    const lot: Read[] = []
    for (let size = 0; from < items.length && lot.length < lots.items && size < lots.size; ) {
      const sizes = await Promise.all(items.slice(from, from + lots.atOnce).map(sizeOf))
      const together = fitting(sizes, lots.sizeAtOnce)
      lot.push(...(await Promise.all(items.slice(from, from + together.items).map(read))))
      from += together.items
      size += together.size
    }
    return lot
  }
  for (let next = await readLot(); next.length > 0; ) {
    const [parsed, following] = await Promise.all([Promise.all(next.map(parse)), readLot()])
    next = following
    yield parsed
  }
}

/** The first items that are not too large together, one at least. */
const fitting = (sizes: readonly number[], most: number) => {
  let [items, size] = [1, sizes[0]!]
  while (items < sizes.length && size + sizes[items]! <= most) size += sizes[items++]!
  return { items, size }
}
