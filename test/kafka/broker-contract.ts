import { afterEach, beforeEach, describe } from 'vitest'
import type { Broker } from '../../src/kafka/broker.ts'
import { followContract } from './contract/follow.ts'
import { groupContract } from './contract/groups.ts'
import { handOverContract } from './contract/hand-over.ts'
import { laneContract } from './contract/lanes.ts'
import { ownerContract } from './contract/owners.ts'
import { topicContract } from './contract/topics.ts'
import { transactionContract } from './contract/transactions.ts'

/** Two clients of one cluster, as two processes would have them; made anew for each test and closed after it. */
export interface Clients {
  one: Broker
  two: Broker
}

/** What the port promises, for any adapter. `connect` opens one more client of the same cluster, by its name. */
export const brokerContract = (connect: (clientId: string) => Promise<Broker>): void => {
  const clients = {} as Clients
  beforeEach(async () => {
    clients.one = await connect('one')
    clients.two = await connect('two')
  })
  afterEach(async () => {
    await clients.one.close()
    await clients.two.close()
  })
  describe('topics', () => topicContract(clients))
  describe('transactions', () => transactionContract(clients))
  describe('lanes', () => laneContract(clients))
  describe('groups', () => groupContract(clients))
  describe('owners', () => ownerContract(clients))
  describe('hand-over', () => handOverContract(clients))
  describe('following', () => followContract(clients))
}
