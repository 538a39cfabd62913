/** The shapes of KafkaJS 2.2.4's protocol: how a request is written and its response read. */

export interface ProtocolRequest {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    /** The body: an encoder of KafkaJS, or what looks like one. */
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
  }
  readonly response: ProtocolResponse
  readonly requestTimeout?: number
  readonly logResponseError?: boolean
}

export interface ProtocolResponse {
  decode(payload: Buffer): Promise<unknown>
  parse(decoded: unknown): Promise<unknown>
}

/** What takes the place of KafkaJS's own encoder of a request's body, or of its decoder. */
export interface OwnProtocol {
  readonly encode?: ProtocolRequest['request']['encode']
  readonly response?: ProtocolResponse
}

export interface RequestDefinition {
  readonly versions: readonly string[]
  protocol(options: { version: number }): (payload: unknown) => ProtocolRequest
}
