import { topics } from './topics.ts'

/** How the topics are made for so many lanes, and so many partitions for upstream systems. */
export const topicSpecs = (lanes: number, upstream = 1) => {
  const partitions = { lanes, upstream, compact: 1, single: 1 }
  return topics.map(({ name, kind, retentionMs, writers }) => ({
    name,
    partitions: partitions[kind],
    compacted: kind === 'compact',
    retentionMs,
    fromUpstream: writers.some(writer => writer === 'upstream'),
  }))
}
