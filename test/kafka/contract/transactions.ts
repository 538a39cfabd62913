import { expect, test } from 'vitest'
import type { BrokerTransaction } from '../../../src/kafka/broker.ts'
import type { Clients } from '../broker-contract.ts'
import { keys, readAll, record, records, topicOf, unique, write } from '../kit.ts'

/** Sends a record so that it is in the log before the transaction ends: an adapter may keep up to 1 MB to itself. */
const sendNow = async (transaction: BrokerTransaction, topic: string, key: string): Promise<void> => {
  await transaction.send(topic, 0, [record(key, 600_000)])
  await transaction.send(topic, 0, [record('filler', 600_000)])
}
const told = (all: readonly string[]): string[] => all.filter(key => key !== 'filler')

export const transactionContract = (clients: Clients): void => {
  test('a record comes back as it was sent', async () => {
    const topic = await topicOf(clients.one)
    const before = Date.now()
    const sent = { key: 'schlüssel', value: Buffer.from([0, 255, 7]), headers: { traceparent: '00-ab', ünï: 'ö' } }
    await write(clients.one, topic, 0, [sent, { key: '', value: Buffer.alloc(0) }])
    const [first, second] = await readAll(clients.two, topic)
    expect(first).toMatchObject({ ...sent, offset: 0 })
    expect(Math.abs(first!.timestamp - before)).toBeLessThan(60_000)
    expect(second).toMatchObject({ key: '', value: Buffer.alloc(0), headers: {}, offset: 1 })
  })

  test('outputs in several topics and the offset appear together, or not at all', async () => {
    const [input, output] = [await topicOf(clients.one), await topicOf(clients.one)]
    const group = unique('group')
    const transactor = await clients.one.fence(unique('t'))
    expect(await clients.one.committed(group, input, 0)).toBeNull()
    const aborted = await transactor.begin()
    await sendNow(aborted, output, 'aborted')
    await aborted.commitOffset(group, input, 0, 5)
    expect(await clients.two.committed(group, input, 0)).toBeNull()
    await aborted.abort()
    const kept = await transactor.begin()
    await kept.send(output, 0, records(0, 2))
    await kept.send(output, 1, records(2, 1))
    await kept.commitOffset(group, input, 0, 7)
    await kept.commit()
    expect(keys(await readAll(clients.two, output, 0))).toEqual(['0', '1'])
    expect(keys(await readAll(clients.two, output, 1))).toEqual(['2'])
    expect(await clients.two.committed(group, input, 0)).toBe(7)
  })

  test('a transaction without records moves the offset', async () => {
    const topic = await topicOf(clients.one)
    const group = unique('group')
    const transactor = await clients.one.fence(unique('t'))
    const transaction = await transactor.begin()
    await transaction.commitOffset(group, topic, 2, 3)
    await transaction.commit()
    expect(await clients.one.committed(group, topic, 2)).toBe(3)
    await (await transactor.begin()).commit()
    await (await transactor.begin()).abort()
  })

  test('interleaved aborts hide just what was aborted, in whatever order they end', async () => {
    const topic = await topicOf(clients.one)
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(id => clients.one.fence(unique(id))))
    const [a1, b1, c1] = [await a!.begin(), await b!.begin(), await c!.begin()]
    await sendNow(a1, topic, 'a1 aborted')
    await sendNow(b1, topic, 'b1 aborted')
    await sendNow(c1, topic, 'c1')
    await b1.abort()
    const b2 = await b!.begin()
    await sendNow(b2, topic, 'b2 aborted')
    await a1.abort()
    const a2 = await a!.begin()
    await sendNow(a2, topic, 'a2')
    await b2.abort()
    const b3 = await b!.begin()
    await sendNow(b3, topic, 'b3')
    await c1.commit()
    await b3.commit()
    await a2.commit()
    expect(told(keys(await readAll(clients.two, topic)))).toEqual(['c1', 'a2', 'b3'])
  })

  test('a slice larger than any batch may be, and a record of several MB, go through whole and in order', async () => {
    const topic = await topicOf(clients.one)
    await write(clients.one, topic, 0, [...records(0, 1500, 8000), record('large', 3_000_000), record('end')])
    const read = await readAll(clients.two, topic)
    expect(keys(read)).toEqual([...records(0, 1500).map(({ key }) => key), 'large', 'end'])
    expect(read[1500]!.value).toEqual(Buffer.alloc(3_000_000, 'large'))
  })

  test('a record over the limit ends the transactor, and nothing of its slice is seen', async () => {
    const topic = await topicOf(clients.one)
    const transactor = await clients.one.fence(unique('t'))
    const attempt = async () => {
      const transaction = await transactor.begin()
      await sendNow(transaction, topic, 'small')
      await transaction.send(topic, 0, [record('large', 9 * 1024 * 1024)])
      await transaction.commit()
    }
    await expect(attempt()).rejects.toMatchObject({ code: 'record_too_large' })
    await expect(transactor.begin()).rejects.toMatchObject({ code: 'record_too_large' })
    await transactor.close()
    await write(clients.one, topic, 0, [record('next')])
    const again = await clients.one.fence('t')
    await again.close()
  })

  test('a transaction that has ended is of no more use, and neither is its transactor then', async () => {
    const topic = await topicOf(clients.one)
    const transactor = await clients.one.fence(unique('t'))
    const transaction = await transactor.begin()
    await transaction.send(topic, 0, records(0, 1))
    await transaction.commit()
    await expect(transaction.send(topic, 0, records(1, 1))).rejects.toMatchObject({
      code: 'transaction_failed',
    })
    await expect(transactor.begin()).rejects.toMatchObject({ code: 'transaction_failed' })
    expect(keys(await readAll(clients.one, topic))).toEqual(['0'])
  })

  test('closing a transactor aborts what it left open, so that readers are not held up', async () => {
    const topic = await topicOf(clients.one)
    const transactor = await clients.one.fence(unique('t'))
    await sendNow(await transactor.begin(), topic, 'left open')
    await transactor.close()
    await write(clients.one, topic, 0, [record('after')])
    expect(told(keys(await readAll(clients.two, topic)))).toEqual(['after'])
  })

  test('a fenced holder can commit nothing, and nothing it wrote is read', async () => {
    const topic = await topicOf(clients.one)
    const id = unique('lane')
    const group = unique('group')
    const zombie = await clients.one.fence(id)
    const late = await zombie.begin()
    await sendNow(late, topic, 'zombie')
    await late.commitOffset(group, topic, 0, 9)
    const owner = await clients.two.fence(id)
    await expect(late.commit()).rejects.toMatchObject({ code: 'fenced' })
    await expect(zombie.begin()).rejects.toMatchObject({ code: 'fenced' })
    const transaction = await owner.begin()
    await transaction.send(topic, 0, [record('owner')])
    await transaction.commit()
    expect(told(keys(await readAll(clients.one, topic)))).toEqual(['owner'])
    expect(await clients.one.committed(group, topic, 0)).toBeNull()
  })

  test('a fenced holder that has sent nothing yet cannot begin anew behind the back of the owner', async () => {
    const topic = await topicOf(clients.one)
    const id = unique('lane')
    const zombie = await clients.one.fence(id)
    await clients.two.fence(id)
    const attempt = async () => {
      const transaction = await zombie.begin()
      await transaction.send(topic, 0, [record('zombie')])
      await transaction.commit()
    }
    await expect(attempt()).rejects.toMatchObject({ code: 'fenced' })
    expect(await readAll(clients.one, topic)).toEqual([])
  })
}
