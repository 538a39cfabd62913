import type { SliceTrace } from '../runtime/tracing.ts'
import { intake } from '../schemas/names.ts'
import { upstreamDocuments } from '../schemas/topics.ts'
import type { PartitionWorkerOptions } from './options.ts'
import { type Arrived, inputOf } from './routing.ts'

/** Works on records of a partition inside their spans, which go on in the traces of their senders. */
export const traced = async <T>(
  { tracing, partition: lane }: Pick<PartitionWorkerOptions, 'tracing' | 'partition'>,
  arrived: readonly Arrived[],
  work: (trace: SliceTrace) => Promise<T>,
): Promise<T> => {
  const inputs = arrived.map(({ record }) => inputOf(record))
  const trace = tracing.slice({ stage: intake, topic: upstreamDocuments.name, job: null, lane, inputs, attempt: 1 })
  try {
    const result = await trace.within(() => work(trace))
    trace.end('done')
    return result
  } catch (error) {
    trace.end({ error })
    throw error
  }
}
