/** The port to embedding models. */
export interface Embedder {
  readonly model: string
  readonly dimensions: number
  /**
   * One vector a text, in order, each of `dimensions` finite numbers. Throws Reject when the provider refuses the
   * texts themselves (400, 413, 422), Fatal on 401 and 403, Wait on 429, anything else to be retried.
   * One that computes in this process calls `rest` between texts.
   */
  embed(texts: readonly string[], signal: AbortSignal, rest?: () => Promise<void>): Promise<readonly Float32Array[]>
}

/** Which embedder a kb uses; part of its settings. */
export interface EmbeddingSettings {
  readonly provider: 'hashing' | 'openai'
  readonly model: string
  readonly dimensions: number
}
