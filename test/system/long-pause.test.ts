import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestKafka } from '../kit/kafka.ts'
import { until } from '../kit/until.ts'
import { openScenario } from './scenario.ts'

/** All that Kafka forgets in days, in seconds; it counts the life of offsets in minutes. */
const forgetful = {
  'log.retention.ms': 3_000,
  'log.retention.check.interval.ms': 500,
  'log.roll.ms': 1_000,
  'log.cleaner.min.compaction.lag.ms': 0,
  'log.cleaner.max.compaction.lag.ms': 3_000,
  'log.cleaner.delete.retention.ms': 1_000,
  'producer.id.expiration.ms': 3_000,
  'producer.id.expiration.check.interval.ms': 500,
  'transactional.id.expiration.ms': 5_000,
  'transaction.remove.expired.transaction.cleanup.interval.ms': 500,
  'offsets.retention.minutes': 1,
  'offsets.retention.check.interval.ms': 500,
}

let scenario: Awaited<ReturnType<typeof openScenario>>
beforeAll(async () => {
  scenario = await openScenario({
    settings: { PENSTOCK_ALLOW_OFFSET_EXPIRY: 'true' },
    makeKafka: () => startTestKafka(forgetful),
  })
})
afterAll(() => scenario?.close())

test('a pause may be longer than anything that Kafka keeps: nothing is skipped, nothing is done twice', {
  timeout: 240_000,
}, async () => {
  const { penstock, provider, start, isWhole } = scenario
  const { broker, client, jobThat, ledger } = penstock
  provider.latencyMs = 50
  const job = await start('long')
  await scenario.seen(job, 'indexing')
  await client.pause({ params: { kb_id: 'long' }, body: {} })
  await jobThat(job, 'the pause', ({ status }) => status === 'paused')
  await ledger.caughtUp()
  const slices = ledger.of(job).length

  const topic = 'canary'
  await broker.ensureTopics([{ name: topic, partitions: 1, compacted: false, retentionMs: 3_000 }])
  const transactor = await broker.fence(topic)
  const transaction = await transactor.begin()
  await transaction.send(topic, 0, [{ key: 'k', value: Buffer.from('v') }])
  await transaction.commitOffset(topic, topic, 0, 1)
  await transaction.commit()
  const recordsGone = async () => (await broker.range(topic, 0)).start > 0
  await until('Kafka has deleted records of that age', recordsGone, 60_000)
  const offsetGone = async () => (await broker.committed(topic, topic, 0)) === null
  await until('Kafka has forgotten an idle group of that age', offsetGone, 120_000)

  await ledger.caughtUp()
  expect(ledger.of(job).length, 'slices of the paused job').toBe(slices)
  provider.latencyMs = 0
  await client.resume({ params: { kb_id: 'long' }, body: {} })
  await isWhole(job, 'long')
})
