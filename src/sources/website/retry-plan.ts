/** How often what cannot be asked is asked again. */
export interface RetryPlan {
  /** Of an address; the later ones come after all that is known by then. */
  readonly attempts: number
  /** From attempt `n` to the next, in ms. */
  delayMs(n: number): number
  /** For a host that asks to be left alone, or whose robots.txt cannot be asked, before the phase fails. */
  readonly waits: number
  /** Before wait `n` + 1, where the host does not say, in ms. */
  hostDelayMs(n: number): number
}

export const defaultRetryPlan: RetryPlan = {
  attempts: 4,
  delayMs: n => [2_000, 15_000, 60_000][n - 1] ?? 60_000,
  waits: 10,
  hostDelayMs: n => Math.min(1_000 * 2 ** n, 60_000),
}
