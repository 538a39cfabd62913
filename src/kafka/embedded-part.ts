/** An embedded part that runs on Java. */
export interface Part {
  /** As it is called in messages. */
  readonly name: string
  /** As its makers call it. */
  readonly title: string
  /** About what is fetched at the first start. */
  readonly download: string
  /** What to set to use one of one's own, as the end of "or set …". */
  readonly instead: string
  /** The setting of its port. */
  readonly portSetting: string
}

export const parts = {
  kafka: {
    name: 'Kafka',
    title: 'Apache Kafka',
    download: 'about 45 MB',
    instead: 'KAFKA_BROKERS to use a Kafka of your own',
    portSetting: 'PENSTOCK_KAFKA_PORT',
  },
  registry: {
    name: 'schema registry',
    title: 'Apicurio Registry',
    download: 'about 140 MB',
    instead: 'SCHEMA_REGISTRY_URL to use a schema registry of your own',
    portSetting: 'PENSTOCK_REGISTRY_PORT',
  },
} satisfies Record<string, Part>

/** An embedded part cannot be started on this machine as it is; the message says what to do. */
export class EmbeddedPartError extends Error {
  override readonly name = 'EmbeddedPartError'
  readonly code: 'java_missing' | 'java_too_old' | 'maven_missing' | 'download_failed'
  constructor(code: EmbeddedPartError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
