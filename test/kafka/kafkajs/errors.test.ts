import { expect, test } from 'vitest'
import { brokerError, isMoved, isNotYet } from '../../../src/kafka/kafkajs/errors.ts'

/** As KafkaJS gives what the broker answered. */
const answered = (type: string) => Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type })

test.each(['KAFKA_STORAGE_ERROR', 'NOT_LEADER_FOR_PARTITION', 'NOT_ENOUGH_REPLICAS'])(
  '%s is waited for, and asked of whoever leads by then',
  type => {
    expect(isNotYet(answered(type))).toBe(true)
    expect(isMoved(new Error('wrapped', { cause: answered(type) }))).toBe(true)
  },
)

test('a fenced producer is neither waited for nor looked for elsewhere', () => {
  const error = answered('INVALID_PRODUCER_EPOCH')
  expect([isNotYet(error), isMoved(error)]).toEqual([false, false])
  expect(brokerError('A slice was sent', error)).toMatchObject({ code: 'fenced' })
})

test('a node whose connection was given up meanwhile is out of reach', () => {
  const error = new Error('Broker not connected')
  expect(isMoved(error)).toBe(true)
  expect(brokerError('Reading vectors failed', error)).toMatchObject({ code: 'unreachable' })
})
