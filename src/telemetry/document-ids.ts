import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace'

/** The ids that the next span without a parent gets: those of a trace which is a function of its document. */
let next: { readonly traceId: string; readonly spanId: string } | null = null

/** Starts a span within `start` that begins the trace with these ids; `start` starts one span, without a parent. */
export const withIds = <T>(ids: { readonly traceId: string; readonly spanId: string }, start: () => T): T => {
  next = ids
  try {
    return start()
  } finally {
    next = null
  }
}

const random = new RandomIdGenerator()

/** Random ids, save where `withIds` says otherwise. */
export const documentIds: IdGenerator = {
  generateTraceId: () => next?.traceId ?? random.generateTraceId(),
  generateSpanId: () => next?.spanId ?? random.generateSpanId(),
}
