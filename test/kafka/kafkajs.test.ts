import { describe } from 'vitest'
import { openKafka } from '../../src/kafka/kafkajs.ts'
import { sharedService } from '../kit/shared-service.ts'
import { brokerContract } from './broker-contract.ts'

describe('the KafkaJS adapter on a real broker', () => {
  brokerContract(async () => {
    const { brokers } = await sharedService<{ brokers: string[] }>('kafka')
    return openKafka({ brokers, sessionTimeoutMs: 6000, heartbeatMs: 200 })
  })
})
