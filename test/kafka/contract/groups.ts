import { expect, test } from 'vitest'
import { until } from '../../kit/until.ts'
import type { Clients } from '../broker-contract.ts'
import { Member, records, topicOf, unique, write } from '../kit.ts'

export const groupContract = (clients: Clients): void => {
  test('two members share the lanes, and the epoch of a member grows with each assignment', async () => {
    const topic = await topicOf(clients.one)
    const group = unique('g')
    const one = await Member.join(clients.one, group, topic)
    await one.owns(4)
    const before = one.epoch
    const two = await Member.join(clients.two, group, topic)
    await one.owns(2)
    await two.owns(2)
    expect([...one.lanes, ...two.lanes].toSorted()).toEqual([0, 1, 2, 3])
    expect(one.epoch).toBeGreaterThan(before)
    expect(one.revocations).toBe(1)
    await two.membership.leave()
    expect(two.revocations).toBe(1)
    await one.owns(4)
    expect(one.revocations).toBe(2)
  })

  test('nothing of an older epoch is delivered after an assignment', async () => {
    const topic = await topicOf(clients.one)
    const group = unique('g')
    for (const lane of [0, 1, 2, 3]) await write(clients.one, topic, lane, records(0, 3000, 1000))
    const stale: number[] = []
    const one = await Member.join(clients.one, group, topic, {
      onAssigned(this: Member, lanes) {
        for (const lane of lanes) this.read(lane)
      },
      onBatch(this: Member, { epoch, lane }) {
        if (epoch !== this.epoch || !this.lanes.includes(lane)) stale.push(epoch)
      },
    })
    await until('it reads', () => one.batches.length > 0, 20_000)
    const two = await Member.join(clients.two, group, topic)
    await two.owns(2)
    await one.owns(2)
    await until('it reads on', () =>
      one.lanes.every(lane => one.batches.some(b => b.lane === lane && b.epoch === one.epoch)),
    )
    expect(stale).toEqual([])
    for (const lane of one.lanes) {
      const [first] = one.batches.filter(batch => batch.lane === lane && batch.epoch === one.epoch)
      expect(first!.first).toBe(0)
    }
  })

  test('a hold outlives a rebalance: the new owner reads nothing of a lane before it resumes it', async () => {
    const topic = await topicOf(clients.one)
    const group = unique('g')
    for (const lane of [0, 1, 2, 3]) await write(clients.one, topic, lane, records(0, 5))
    const holdAllButOne = (member: Member, lanes: readonly number[], open: number) => {
      for (const lane of lanes) member.membership.seek(lane, 0)
      member.membership.resume(lanes.filter(lane => lane === open))
    }
    const one = await Member.join(clients.one, group, topic)
    await one.owns(4)
    const two = await Member.join(clients.two, group, topic)
    await two.owns(2)
    const [held, open] = two.lanes as [number, number]
    await one.membership.leave()
    await two.owns(4)
    holdAllButOne(two, two.lanes, open)
    await until('the open lane is read', () => two.keys(open).length === 5)
    await write(clients.one, topic, open, records(5, 1))
    await until('the open lane is read on', () => two.keys(open).length === 6)
    expect(two.batches.filter(({ lane }) => lane !== open)).toEqual([])
    two.membership.resume([held])
    await until('the held lane is read', () => two.keys(held).length === 5)
    expect(one.batches).toEqual([])
  })

  test('a member that has left is told once and gets nothing more', async () => {
    const topic = await topicOf(clients.one)
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    member.read(0)
    await write(clients.one, topic, 0, records(0, 1))
    await until('it reads', () => member.keys(0).length === 1)
    await member.membership.leave()
    await member.membership.leave()
    const other = await Member.join(clients.two, unique('g'), topic)
    await other.owns(4)
    other.read(0)
    await write(clients.one, topic, 0, records(1, 1))
    await until('another reads it', () => other.keys(0).length === 2)
    expect(member.keys(0)).toEqual(['0'])
    expect(member.revocations).toBe(1)
    expect(member.failures).toEqual([])
  })

  test('the group coordinator has heard from a member lately', async () => {
    const topic = await topicOf(clients.one)
    const member = await Member.join(clients.one, unique('g'), topic)
    await member.owns(4)
    expect(member.membership.silentMs()).toBeLessThan(member.membership.sessionTimeoutMs / 2)
  })

  test('a member that joins after its topic has grown is given the new lanes too', async () => {
    const topic = await topicOf(clients.one, 2)
    const group = unique('g')
    const member = await Member.join(clients.one, group, topic)
    await member.owns(2)
    await clients.two.ensureTopics([{ name: topic, partitions: 4, compacted: false, retentionMs: -1 }])
    await member.membership.leave()
    const late = await Member.join(clients.two, group, topic)
    await late.owns(4)
    expect(late.lanes).toEqual([0, 1, 2, 3])
  })
}
