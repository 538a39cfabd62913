import { openKafka } from '../src/kafka/kafkajs.ts'
import type { Progress } from '../src/schemas/progress.ts'
import { openCodec } from '../src/schemas/registry.ts'
import { progressTopic, topics } from '../src/schemas/topics.ts'

/** Reads every report of `progress` as the coordinator does, with the time that the broker has of it. */
export const openRecorder = async ({ brokers, registry }: { readonly brokers: string; readonly registry: string }) => {
  const broker = await openKafka({ brokers: brokers.split(',') })
  const codec = await openCodec({ url: registry, topics })
  const reports: { at: number; report: Progress }[] = []
  let broken: Error | null = null
  const from = new Map<number, number>()
  for (let lane = 0; lane < 16; lane++) from.set(lane, (await broker.range(progressTopic.name, lane)).start)
  const follower = await broker.follow({
    topic: progressTopic.name,
    from,
    async records({ records }) {
      await codec.prepare(records.map(({ value }) => value))
      for (const { value, timestamp } of records) {
        const report = codec.decode(progressTopic, value)
        if (report.type === 'progress') reports.push({ at: timestamp, report })
      }
    },
    failed: error => {
      broken = error
    },
  })
  return {
    async of(job: string) {
      await follower.caughtUp()
      if (broken) throw new Error('The recording has a hole', { cause: broken })
      return reports.filter(({ report }) => report.job_id === job)
    },
    async close() {
      await follower.stop()
      await broker.close()
    },
  }
}
