/**
 * What the in-memory groups leave out of a rebalance: lanes are given out when every member has heard that it lost its
 * own. One that does not hear, because it is frozen or dead, is waited for until its session has ended.
 */
export class Rebalances {
  readonly #groups = new Map<string, { readonly unheard: Set<object>; waiting: (() => void)[] }>()

  /** This member has lost its lanes, and does not know it yet. */
  lost(group: string, member: object): void {
    this.#of(group).unheard.add(member)
  }

  /** It has heard, or is a member no more. */
  heard(group: string, member: object): void {
    const known = this.#of(group)
    if (!known.unheard.delete(member) || known.unheard.size > 0) return
    for (const give of known.waiting.splice(0)) give()
  }

  /** Calls back when all have heard. */
  whenHeard(group: string, give: () => void): void {
    const known = this.#of(group)
    if (known.unheard.size === 0) give()
    else known.waiting.push(give)
  }

  underWay(group: string): boolean {
    return this.#of(group).unheard.size > 0
  }

  #of(group: string) {
    const known = this.#groups.get(group) ?? { unheard: new Set<object>(), waiting: [] }
    this.#groups.set(group, known)
    return known
  }
}
