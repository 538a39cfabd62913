import type { Admin } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { checkOffsetRetention } from '../../../src/kafka/kafkajs/topics.ts'

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
