import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { until } from '../../kit/until.ts'
import type { Clients } from '../broker-contract.ts'
import { Member, record, records, topicOf, unique, write } from '../kit.ts'

export const laneContract = (clients: Clients): void => {
  test('nothing of a lane is delivered before it has a position and is resumed', async () => {
    const topic = await topicOf(clients.one)
    for (const lane of [0, 1, 2]) await write(clients.one, topic, lane, records(0, 3))
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    member.membership.resume([0])
    member.membership.seek(1, 0)
    member.read(2)
    await until('lane 2 is read', () => member.keys(2).length === 3)
    expect(new Set(member.batches.map(({ lane }) => lane))).toEqual(new Set([2]))
  })

  test('batches of a lane touch: each starts where the one before ended, markers and aborted records counted', async () => {
    const topic = await topicOf(clients.one)
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    member.read(0)
    const transactor = await clients.one.fence(unique('t'))
    for (let i = 0; i < 30; i++) {
      const transaction = await transactor.begin()
      await transaction.send(topic, 0, i % 3 === 1 ? records(i, 4, 300_000) : records(i, 1))
      if (i % 3 === 1) await transaction.abort()
      else await transaction.commit()
    }
    const { end } = await clients.one.range(topic, 0)
    await until('all is read', () => (member.batches.at(-1)?.next ?? 0) >= end)
    let position = 0
    for (const { first, next, records: read } of member.batches) {
      expect(first).toBe(position)
      for (const { offset } of read) {
        expect(offset).toBeGreaterThanOrEqual(first)
        expect(offset).toBeLessThan(next)
      }
      position = next
    }
    expect(member.keys(0)).toEqual([...Array(30).keys()].filter(i => i % 3 !== 1).map(String))
  })

  test('a position that ends in aborted records moves over them with a batch of none', async () => {
    const topic = await topicOf(clients.one)
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    member.read(0)
    const transactor = await clients.one.fence(unique('t'))
    const transaction = await transactor.begin()
    await transaction.send(topic, 0, records(0, 4, 400_000))
    await transaction.abort()
    const { end } = await clients.one.range(topic, 0)
    expect(end).toBeGreaterThan(0)
    await until('the position has moved', () => (member.batches.at(-1)?.next ?? 0) >= end)
    expect(member.keys(0)).toEqual([])
  })

  test('a paused lane stands still while the others flow, and goes on where it stood', async () => {
    const topic = await topicOf(clients.one)
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    for (const lane of [0, 1]) member.read(lane)
    await write(clients.one, topic, 0, records(0, 2))
    await until('lane 0 is read', () => member.keys(0).length === 2)
    member.membership.pause([0])
    await write(clients.one, topic, 0, records(2, 2))
    await write(clients.one, topic, 1, records(0, 2))
    await until('lane 1 is read', () => member.keys(1).length === 2)
    await write(clients.one, topic, 1, records(2, 2))
    await until('lane 1 is read on', () => member.keys(1).length === 4)
    expect(member.keys(0)).toEqual(['0', '1'])
    member.membership.resume([0])
    await until('lane 0 is read on', () => member.keys(0).length === 4)
    expect(member.keys(0)).toEqual(['0', '1', '2', '3'])
  })

  test('after a seek the first batch starts there, and what was fetched before it is never delivered', async () => {
    const topic = await topicOf(clients.one)
    await write(clients.one, topic, 0, records(0, 2000, 1000))
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    for (const [round, to] of [1500, 3, 700, 1990, 0].entries()) {
      member.membership.seek(0, round * 7)
      member.membership.resume([0])
      if (round % 2 === 0) member.membership.pause([0])
      await sleep(round * 3)
      const before = member.batches.length
      member.membership.seek(0, to)
      member.membership.resume([0])
      await until('a batch comes', () => member.batches.length > before)
      expect(member.batches[before]!.first).toBe(to)
      expect(member.batches[before]!.records[0]!.offset).toBe(to)
      member.membership.pause([0])
      const count = () => member.batches.length
      for (let last = -1; last !== count(); await sleep(30)) last = count()
    }
  })

  test('a lane that takes long, and one that is full, do not delay the others', async () => {
    const topic = await topicOf(clients.one)
    await write(clients.one, topic, 0, records(0, 20_000, 1000))
    const member = await Member.join(clients.one, unique('g'), topic, {
      onBatch(this: Member, { lane }) {
        if (lane === 0) this.membership.pause([0])
      },
    })
    await member.owns(4)
    for (const lane of [0, 1, 2]) member.read(lane)
    await until('lane 0 is full', () => member.batches.some(({ lane }) => lane === 0))
    for (let i = 0; i < 10; i++) {
      const startedAt = performance.now()
      await write(clients.two, topic, 1 + (i % 2), [record(String(i))])
      await until('the other lane is read', () => member.keys(1).length + member.keys(2).length === i + 1)
      expect(performance.now() - startedAt).toBeLessThan(1000)
    }
  })

  test('a lane that is resumed or sought while all others are idle is read at once', async () => {
    const topic = await topicOf(clients.one)
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    for (const lane of [1, 2, 3]) member.read(lane)
    await write(clients.two, topic, 0, records(0, 3))
    await write(clients.two, topic, 1, records(0, 1))
    await until('the others are read, and idle', () => member.keys(1).length === 1)
    for (let round = 1; round <= 5; round++) {
      const startedAt = performance.now()
      member.membership.pause([0])
      member.read(0)
      await until('it is read', () => member.keys(0).length === 3 * round)
      expect(performance.now() - startedAt).toBeLessThan(500)
    }
  })

  test('lanes that are paused and resumed for every few records do not starve', async () => {
    const topic = await topicOf(clients.one)
    for (const lane of [0, 1, 2, 3])
      for (let i = 0; i < 5; i++) await write(clients.one, topic, lane, records(i * 10, 10))
    const startedAt = performance.now()
    const member = await Member.join(clients.one, unique('g'), topic, {
      onAssigned(this: Member, lanes) {
        for (const lane of lanes) this.read(lane)
      },
      onBatch(this: Member, { lane }) {
        this.membership.pause([lane])
        setTimeout(() => this.membership.resume([lane]), 1)
      },
    })
    await until('all is read', () => [0, 1, 2, 3].every(lane => member.keys(lane).length === 50))
    for (let i = 0; i < 20; i++) {
      await write(clients.one, topic, i % 4, records(50, 1))
      await until('it is read', () => member.batches.flatMap(batch => batch.records).length === 200 + i + 1)
    }
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  test('a position that the broker no longer keeps fails loudly and is never reset', async () => {
    const topic = await topicOf(clients.one)
    await write(clients.one, topic, 0, records(0, 10))
    await clients.one.deleteRecords(topic, 0, 5)
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    member.read(0, 3)
    await until('it fails', () => member.failures.length > 0)
    expect(member.failures).toMatchObject([{ code: 'offset_out_of_range' }])
    expect(member.keys(0)).toEqual([])
    expect(await clients.one.committed('g', topic, 0)).toBeNull()
  })
}
