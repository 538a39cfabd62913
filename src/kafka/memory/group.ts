/** What a group asks of its members. */
export interface GroupMember {
  readonly topic: string
  readonly clientId: string
  /** Those that it was given and has not lost since. */
  lanes(): readonly number[]
  assigned(lanes: readonly number[]): void
  revoked(): void
}

/** What a group needs of its cluster. */
export interface GroupHome {
  defer(work: () => void): void
  lanes(topic: string): readonly number[]
}

/** A consumer group: its offsets, and who has which lanes. Every change of members gives out all lanes anew. */
export class MemoryGroup {
  readonly #cluster: GroupHome
  readonly #offsets = new Map<string, number>()
  readonly #members = new Set<GroupMember>()
  #generation = 0
  #settled = 0

  constructor(cluster: GroupHome) {
    this.#cluster = cluster
  }

  committed(topic: string, lane: number): number | null {
    return this.#offsets.get(`${topic}/${lane}`) ?? null
  }

  commit(topic: string, lane: number, next: number): void {
    this.#offsets.set(`${topic}/${lane}`, next)
  }

  /** null between a change of members and its assignment. */
  owners(topic: string): ReadonlyMap<number, string> | null {
    if (this.#settled !== this.#generation) return null
    const members = [...this.#members].filter(member => member.topic === topic)
    return new Map(members.flatMap(member => member.lanes().map(lane => [lane, member.clientId] as const)))
  }

  join(member: GroupMember): void {
    this.#members.add(member)
    this.#rebalance()
  }

  leave(member: GroupMember): void {
    if (this.#members.delete(member)) this.#rebalance()
  }

  #rebalance(): void {
    const generation = ++this.#generation
    this.#cluster.defer(() => {
      if (generation !== this.#generation) return
      for (const member of this.#members) member.revoked()
      // A member may leave or join while it is told: that is a generation of its own.
      if (generation !== this.#generation) return
      const members = [...this.#members]
      for (const [index, member] of members.entries()) {
        if (generation !== this.#generation) return
        member.assigned(this.#cluster.lanes(member.topic).filter(lane => lane % members.length === index))
      }
      if (generation === this.#generation) this.#settled = generation
    })
  }
}
