/** `GET /api/intake`: how far INTAKE is. Times are ISO 8601 in UTC. */
export interface IntakeStatus {
  readonly partitions: readonly PartitionBody[]
  /** By knowledge base: events that wait for its stream to have a lane. */
  readonly parked: readonly ParkedBody[]
  /** Open dead letters of INTAKE. */
  readonly dead_letters: number
}

export interface PartitionBody {
  readonly partition: number
  /** Records that INTAKE has not dealt with. */
  readonly unread: number
  /** Why it stands; null while it goes on. */
  readonly held: { readonly kb_id: string; readonly since: string; readonly message: string } | null
}

export interface ParkedBody {
  readonly kb_id: string
  readonly events: number
  readonly bytes: number
  readonly oldest: string
}
