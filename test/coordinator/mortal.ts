import type { EntityManager } from '@mikro-orm/postgresql'
import type { Broker, BrokerTransaction, Transactor } from '../../src/kafka/broker.ts'

/**
 * A database and a broker for one coordinator that is killed at its n-th step: the step takes effect, but the
 * coordinator does not learn of it, and nothing it does from then on leaves the process. Steps are what others can
 * see; dying before one is dying after the one before. With `only`, the steps of that name alone are counted.
 */
export const mortal = (em: EntityManager, broker: Broker, lastStep: number, only: string | null = null) => {
  const steps: string[] = []
  let dead = false
  const alive = () => {
    if (dead) throw new Error('killed')
  }
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    alive()
    if (only === null || only === name) steps.push(name)
    const last = steps.length === lastStep && steps.at(-1) === name
    const result = await work()
    if (last) dead = true
    alive()
    return result
  }

  const read = async <T>(work: () => Promise<T>): Promise<T> => {
    alive()
    return work()
  }

  const transaction = (real: BrokerTransaction): BrokerTransaction => ({
    send: (...args) => step('send', () => real.send(...args)),
    commitOffset: (...args) => real.commitOffset(...args),
    commit: () => step('commit', () => real.commit()),
    abort: () => real.abort(),
  })
  const transactor = (real: Transactor): Transactor => ({
    begin: async () => transaction(await read(() => real.begin())),
    close: () => real.close(),
  })
  const mortalBroker: Broker = {
    clusterId: () => broker.clusterId(),
    ensureTopics: topics => broker.ensureTopics(topics),
    join: options => broker.join(options),
    close: () => broker.close(),
    range: (...args) => read(() => broker.range(...args)),
    committed: (...args) => read(() => broker.committed(...args)),
    owners: (...args) => read(() => broker.owners(...args)),
    deleteRecords: (...args) => step('deleteRecords', () => broker.deleteRecords(...args)),
    fence: async id => transactor(await step(`fence ${id}`, () => broker.fence(id))),
    follow: options => read(() => broker.follow(options)),
  }
  const fork = () => {
    const real = em.fork()
    return {
      execute: (...args: Parameters<EntityManager['execute']>) => read(() => real.execute(...args)),
      transactional: <T>(work: (tx: EntityManager) => Promise<T>) =>
        step('transaction', () => real.transactional(work)),
    }
  }
  return {
    em: { fork } as unknown as EntityManager,
    broker: mortalBroker,
    steps,
    get dead() {
      return dead
    },
  }
}
