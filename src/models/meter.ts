/** Told of requests to models; it keeps what it wants of them, and never throws. */
export interface ModelMeter {
  /** One request and its answer. */
  answered(model: string, request: { readonly seconds: number; readonly tokens: number | null }): void
  /** A request that failed, with the code of the error; one that was aborted is none. */
  failed(model: string, request: { readonly seconds: number; readonly code: string }): void
  /** Called once for each breaker, of which a model may have several; `state` may be asked at any time. */
  breaker(model: string, state: () => BreakerState): void
}

/** `trying` while one request finds out whether the provider is back, and when the next one is to. */
export type BreakerState = 'closed' | 'trying' | 'open'
