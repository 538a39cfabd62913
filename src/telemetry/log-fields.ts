/**
 * THE SCHEMA OF THE LOG: the fields by which lines are found, the same in every process. A line has those that are known
 * where it is written; beside them it may have others, of its own message. Listed in docs/OBSERVABILITY.md.
 */
export const logFields = {
  level: { type: 'string', doc: 'trace, debug, info, warn, error or fatal.', always: true },
  time: { type: 'string', doc: 'ISO 8601 in UTC, by the clock of the machine.', always: true },
  pid: { type: 'number', doc: 'Of the process.', always: true },
  msg: { type: 'string', doc: 'A sentence for people.', always: true },
  kb_id: { type: 'string', doc: 'The knowledge base it is about.', always: false },
  job_id: { type: 'string', doc: 'The job it is about.', always: false },
  request_id: { type: 'string', doc: 'The request of the API, as in X-Request-ID and in error bodies.', always: false },
  stage: { type: 'string', doc: 'The stage of the line, as in the metrics.', always: false },
  lane: { type: 'number', doc: 'The partition of the stage topics.', always: false },
  trace_id: {
    type: 'string',
    doc: 'The trace that shows what the line is about: 32 hex digits. Of a reject as in its dead letter.',
    always: false,
  },
  span_id: { type: 'string', doc: 'The span of it in which the line was written: 16 hex digits.', always: false },
  operation: { type: 'string', doc: 'What was tried, where an error is not fatal.', always: false },
  code: { type: 'string', doc: 'The code of an error, as in API answers and dead letters.', always: false },
  err: { type: 'object', doc: 'An error: type, message, code, stack, and its causes.', always: false },
} as const satisfies Readonly<
  Record<string, { readonly type: 'string' | 'number' | 'object'; readonly doc: string; readonly always: boolean }>
>

/** Names under which nothing is logged, because a field of the schema is meant. */
export const misnomers = ['job', 'kb', 'jobId', 'kbId', 'knowledge_base', 'reqId', 'requestId', 'traceId', 'error']
