/** The port by which the API asks for the deletion of knowledge bases. Bodies are those of the API. */
export interface Deletions {
  /**
   * Marks a knowledge base, or a name that is held by uploads alone: from then on it takes no jobs and no uploads, its
   * schedules are gone, and the coordinator ends its jobs and removes it. Asked again, nothing changes. Null where there
   * is none.
   */
  ask(kbId: string): Promise<DeletionBody | null>
}

export interface DeletionBody {
  readonly kb_id: string
  readonly status: 'deleting'
  readonly asked_at: string
  /** What it waits for, where it cannot go on; null while it goes on. */
  readonly waiting_for: string | null
}
