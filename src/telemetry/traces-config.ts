/** What the configuration says of traces; the keys are those of `Config`. */
export interface TracesConfig {
  readonly endpoint: string | null
  readonly tracesEndpoint: string | null
  readonly protocol: 'http/protobuf' | 'http/json'
  readonly disabled: boolean
  readonly serviceName: string
  readonly sampler: string
  readonly ratio: number
  readonly slowMs: number
}
