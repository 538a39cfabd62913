import type { BrokerRecord, OutgoingRecord } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import type { DeadLetter } from '../schemas/dead-letter.ts'
import { traceIdOf } from '../schemas/identity.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import { hasPhase } from '../schemas/names.ts'
import { type AnyRecord, deadLetters, progressTopic, type RecordOf, type Topic } from '../schemas/topics.ts'
import { traceOfParent } from '../schemas/trace-context.ts'
import type { Reject } from './errors.ts'
import { inheriting } from './inherited-headers.ts'
import type { Slice } from './lane-queue.ts'
import { type Discard, type Emission, isDiscard, type Outcome, type Stage } from './stage.ts'
import type { SliceTrace } from './tracing.ts'

/** A record of the slice that the stage has to work on. */
export interface Input {
  readonly record: BrokerRecord
  readonly value: AnyRecord
}

/** A rejected input: which record, about what, and why. */
export interface Rejected {
  readonly record: BrokerRecord
  readonly value: AnyRecord | null
  readonly uri: string | null
  readonly document?: Discard['document']
  readonly reject: Pick<Reject, 'code' | 'message'>
  /** It is about a part of the record, of which there may be thousands: the record itself is not kept with it. */
  readonly part?: true
}

export interface Settlement {
  /** What to send, in this order; entries of one topic and lane are together. */
  readonly sends: readonly {
    readonly topic: string
    readonly lane: number
    readonly records: readonly OutgoingRecord[]
  }[]
  /** Of each reject. */
  readonly letters: readonly DeadLetter[]
}

/** What a stage said through its context while it worked on a slice. */
export interface Said {
  readonly items: number
  readonly rowDocuments: number
  readonly total: number | null
  readonly message: string | null
}

export interface SettleOptions {
  readonly stage: Stage
  readonly job: LaneJob
  readonly lane: number
  readonly slice: Slice
  readonly inputs: readonly Input[]
  readonly outcomes: readonly Outcome[]
  /** Rejects found before the stage saw the record (undecodable) and by the store. */
  readonly rejected: readonly Rejected[]
  readonly ended: boolean
  /** How often the slice was tried, this time included. */
  readonly attempts: number
  /** What the stage said through its context. */
  readonly said: Said
  readonly ms: number
  /** What the records of an input inherit. */
  readonly trace: Pick<SliceTrace, 'headers' | 'rejected'>
}

const payloadLimit = 64 * 1024
/** In characters: a dead letter has to fit a record, whatever a parser says. */
const longestMessage = 4096

const text = (value: AnyRecord | null, field: 'uri' | 'document_id' | 'source' | 'traceparent'): string | null => {
  const found = value?.[field]
  return typeof found === 'string' ? found : null
}

const isUsed = ({ branch }: Topic, job: LaneJob): boolean => branch === undefined || hasPhase(job, branch)

/** Turns the outcomes of a slice into the records of its one transaction: outputs, end marks, dead letters, progress. Pure. */
export const settle = (codec: Codec, options: SettleOptions): Settlement => {
  const { stage, job, lane, slice, inputs, outcomes, said, trace } = options
  if (outcomes.length !== inputs.length)
    throw new Error(`Stage ${stage.name} was given ${inputs.length} records and answered for ${outcomes.length}.`)

  const sends = new Map<string, { topic: string; lane: number; records: OutgoingRecord[] }>()
  const add = <T extends Topic>(
    topic: T,
    to: number,
    key: string,
    value: RecordOf<T>,
    headers?: OutgoingRecord['headers'],
  ) => {
    const at = `${topic.name}/${to}`
    const send = sends.get(at) ?? { topic: topic.name, lane: to, records: [] }
    sends.set(at, send)
    send.records.push({ key, value: codec.encode(topic, value), ...(headers && { headers }) })
  }

  const rejected = [...options.rejected]
  let outputs = 0
  const branchOutputs: Record<string, number> = {}
  const inherited = inheriting(options)
  const emitted = (emission: Emission, input: Input) => {
    if (!stage.to.includes(emission.topic))
      throw new Error(`Stage ${stage.name} emitted to ${emission.topic.name}, which is not one of its outputs.`)
    if (!isUsed(emission.topic, job))
      throw new Error(
        `Stage ${stage.name} emitted to ${emission.topic.name} for a job without ${emission.topic.branch}.`,
      )
    const to = emission.lane ?? lane
    if (emission.topic === stage.from) return add(emission.topic, to, emission.key, emission.value)
    const headers = inherited(input, text(emission.value, 'document_id'))
    add(emission.topic, to, emission.key, emission.value, headers)
    const { name, branch } = emission.topic
    const items = emission.topic.counts(emission.value)
    if (branch === undefined) outputs += items
    else branchOutputs[name] = (branchOutputs[name] ?? 0) + items
  }
  outcomes.forEach((outcome, i) => {
    const input = inputs[i]!
    if (outcome instanceof Error) {
      rejected.push({ ...input, uri: null, reject: outcome })
      return
    }
    for (const one of outcome) {
      if (isDiscard(one)) rejected.push({ ...input, ...one, reject: one.discard })
      else emitted(one, input)
    }
  })

  if (options.ended)
    for (const topic of stage.to.filter(topic => topic !== stage.from && isUsed(topic, job)))
      for (const to of stage.fansOut ? job.lanes : [lane])
        add(topic, to, job.job_id, { type: 'end_mark', job_id: job.job_id })

  const letters = rejected.map(one => {
    const { record, value, uri, document, reject, part } = one
    const documentId = document?.id ?? text(value, 'document_id')
    trace.rejected(one, documentId, reject)
    const headers = inherited(one, documentId)
    const letter: DeadLetter = {
      type: 'dead_letter',
      job_id: job.job_id,
      kb_id: job.kb_id,
      stage: stage.name,
      topic: stage.from.name,
      lane,
      offset: record.offset,
      code: reject.code,
      message: reject.message.slice(0, longestMessage),
      attempts: options.attempts,
      uri: uri ?? text(value, 'uri'),
      document_id: documentId,
      source: document?.source ?? text(value, 'source'),
      trace_id:
        traceOfParent(headers.traceparent) ??
        traceOfParent(text(value, 'traceparent')) ??
        (documentId === null ? null : traceIdOf(job.job_id, documentId)),
      payload: part ? null : record.value.subarray(0, payloadLimit),
    }
    add(deadLetters, lane, documentId ?? record.key, letter, headers)
    return letter
  })

  add(progressTopic, lane, job.job_id, {
    type: 'progress',
    job_id: job.job_id,
    attempt: job.attempt,
    stage: stage.name,
    lane,
    first: slice.first,
    next: slice.next,
    inputs: inputs.length,
    items: inputs.reduce((sum, input) => sum + stage.from.counts(input.value), said.items),
    outputs,
    rejects: rejected.length,
    bytes: inputs.reduce((sum, { record }) => sum + record.value.length, 0),
    ms: Math.round(options.ms),
    end_marks: options.ended ? 1 : 0,
    total: said.total,
    message: said.message,
    branch_outputs: branchOutputs,
    row_documents: said.rowDocuments,
  })
  return { sends: [...sends.values()], letters }
}
