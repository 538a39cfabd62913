import type { Topic } from '../schemas/topics.ts'
import { originOf } from './inherited-headers.ts'
import type { Input } from './settle.ts'
import type { StageContext } from './stage.ts'

/** What a stage may ask about its inputs, by identity: it is given the very values that were decoded. */
export const askable = (
  inputs: readonly Input[],
  from: Topic,
  lane: number,
  start: number,
): Pick<StageContext, 'placeOf' | 'lineageOf'> => {
  const records = new Map(inputs.map(({ record, value }) => [value, record]))
  const recordOf = (input: Input['value']) => {
    const record = records.get(input)
    if (record === undefined) throw new Error('A stage asked about a record that is not an input of the slice.')
    return record
  }
  return {
    placeOf: input => recordOf(input).offset - start,
    lineageOf(input) {
      const record = recordOf(input)
      return { traceparent: record.headers.traceparent ?? null, origin: originOf(record, from, lane) }
    },
  }
}
