/** Told of what INTAKE does; it keeps what it wants of it, and never throws. */
export interface IntakeMeter {
  /** Dead letters were committed: the code of each. */
  rejected(codes: readonly string[]): void
  /** A partition is taken over again after an error. */
  retried(): void
}
