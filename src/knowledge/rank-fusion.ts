/**
 * Reciprocal rank fusion: what stands high in several lists stands highest. Ranks count, scores of different kinds are
 * never compared. Source: Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion", SIGIR 2009; k = 60 is theirs.
 */
const k = 60

/** Best first; of equal scores the one of the earlier list first. */
export const fuse = <T>(
  lists: readonly (readonly T[])[],
  keyOf: (item: T) => string,
): readonly { readonly item: T; readonly score: number }[] => {
  const fused = new Map<string, { item: T; score: number }>()
  for (const list of lists)
    for (const [i, item] of list.entries()) {
      const key = keyOf(item)
      const entry = fused.get(key) ?? { item, score: 0 }
      entry.score += 1 / (k + i + 1)
      fused.set(key, entry)
    }
  return [...fused.values()].sort((a, b) => b.score - a.score)
}
