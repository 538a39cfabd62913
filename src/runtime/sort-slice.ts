import type { Codec } from '../schemas/codec.ts'
import type { AnyRecord, Topic } from '../schemas/topics.ts'
import { messageOf } from './errors.ts'
import type { Slice } from './lane-queue.ts'
import type { Input, Rejected } from './settle.ts'

/** What a slice's records are to the job of its lane. */
export interface Sorted {
  readonly inputs: readonly Input[]
  /** Those that nobody can read. */
  readonly rejected: readonly Rejected[]
  /** The job's end mark was among them. */
  readonly ended: boolean
  /** A record of another job: the lane may have changed hands. */
  readonly foreign: boolean
}

/** Decodes a slice of a topic. Records of other jobs are left out. */
export const sortSlice = (topic: Topic, { records }: Slice, jobId: string, codec: Codec): Sorted => {
  const inputs: Input[] = []
  const rejected: Rejected[] = []
  let ended = false
  let foreign = false
  for (const record of records) {
    let value: AnyRecord
    try {
      value = codec.decode(topic, record.value)
    } catch (error) {
      rejected.push({ record, value: null, uri: null, reject: { code: 'undecodable', message: messageOf(error) } })
      continue
    }
    if (value.job_id !== jobId) foreign = true
    else if (value.type === 'end_mark') ended = true
    else inputs.push({ record, value })
  }
  return { inputs, rejected, ended, foreign }
}
