import { describe } from 'vitest'
import { memoryKafka } from '../../src/kafka/memory.ts'
import { brokerContract } from './broker-contract.ts'

describe('the in-memory broker', () => {
  const kafka = memoryKafka()
  brokerContract(async () => kafka.connect())
})
