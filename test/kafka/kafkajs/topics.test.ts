import type { Admin, ITopicConfig } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { checkOffsetRetention, ensureTopics } from '../../../src/kafka/kafkajs/topics.ts'

const adminOf = (minutes: string): Admin =>
  ({
    describeCluster: async () => ({ brokers: [{ nodeId: 1 }] }),
    describeConfigs: async () => ({
      resources: [{ configEntries: [{ configName: 'offsets.retention.minutes', configValue: minutes }] }],
    }),
  }) as unknown as Admin

describe('checkOffsetRetention', () => {
  test('passes a broker that never forgets', async () => {
    await expect(checkOffsetRetention(adminOf('2147483647'))).resolves.toBeUndefined()
  })

  test('refuses a broker that forgets the offsets of a group that is away, and says what to set', async () => {
    await expect(checkOffsetRetention(adminOf('10080'))).rejects.toThrow(
      /10080 minutes \(offsets\.retention\.minutes\).*Set it to 2147483647/,
    )
    await expect(checkOffsetRetention(adminOf('10080'))).rejects.toMatchObject({ code: 'unsupported_broker' })
  })
})

const spec = { name: 'documents', partitions: 2, compacted: false, retentionMs: -1 }

/** What is asked of a cluster of so many brokers that has no topics. */
const madeOn = async (brokers: number, replicationFactor?: number) => {
  const made: ITopicConfig[] = []
  const admin = {
    listTopics: async () => [],
    describeCluster: async () => ({ brokers: Array.from({ length: brokers }, (_, nodeId) => ({ nodeId })) }),
    createTopics: async ({ topics }: { topics: ITopicConfig[] }) => void made.push(...topics),
    fetchTopicOffsets: async () => [{}, {}],
  }
  await ensureTopics(admin as unknown as Admin, [spec], replicationFactor)
  const inSync = made[0]!.configEntries!.find(({ name }) => name === 'min.insync.replicas')!.value
  return [made[0]!.replicationFactor, inSync]
}

describe('ensureTopics', () => {
  test.each([
    [1, undefined, 1, '1'],
    [2, undefined, 2, '1'],
    [3, undefined, 3, '2'],
    [5, undefined, 3, '2'],
    [5, 5, 5, '4'],
    [3, 1, 1, '1'],
    // Kafka refuses it, which is better than a copy less than was asked for.
    [2, 3, 3, '2'],
  ])('on %i brokers, with %s copies asked for, there are %i, of which %s have what is committed', async (...row) => {
    const [brokers, asked, copies, inSync] = row
    expect(await madeOn(brokers, asked)).toEqual([copies, inSync])
  })
})
