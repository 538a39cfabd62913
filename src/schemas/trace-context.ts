/** W3C trace context, as records and requests carry it in their headers. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits. */
  readonly spanId: string
  readonly sampled: boolean
}

/** Headers that a record inherits from the one it was made of. */
export const traceHeaders = ['traceparent', 'tracestate'] as const

/**
 * The header that says which record began a document: `topic/partition/offset`. A pipeline's records carry it on, so that
 * what is stored still names the event, or the bite, that it came from.
 */
export const originHeader = 'penstock-origin'

const pattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

/** The context that a `traceparent` header names, or null where it is none. */
export const readTraceparent = (header: string | null | undefined): TraceContext | null => {
  const [, traceId, spanId, flags] = pattern.exec(header ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return null
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** As a `traceparent` header has it. */
export const traceparentOf = ({ traceId, spanId, sampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`

/** The trace id of a `traceparent` header, or null where it is none. */
export const traceOfParent = (header: string | null | undefined): string | null =>
  readTraceparent(header)?.traceId ?? null

/** The span that begins a trace whose id is a function of its document: known to all who link to it. */
export const rootSpanOf = (traceId: string): string => traceId.slice(16)

type Headers = Readonly<Record<string, string>>

const none: Headers = Object.freeze({})

/** The trace headers among these, where there is a context in them. */
export const inheritedTrace = ({ traceparent, tracestate }: Headers): Headers => {
  if (traceparent === undefined || readTraceparent(traceparent) === null) return none
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate }
}
