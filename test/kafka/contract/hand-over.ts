import { expect, test } from 'vitest'
import type { Broker, BrokerTransaction, Transactor } from '../../../src/kafka/broker.ts'
import type { Clients } from '../broker-contract.ts'
import { keys, readAll, record, records, topicOf, unique, write } from '../kit.ts'

/** One lane of one stage, moved by owners that come and go: every input is to have one output. */
class Line {
  readonly group = unique('stage')
  readonly id = unique('lane')
  input = ''
  output = ''

  static async of(broker: Broker, inputs: number): Promise<Line> {
    const line = new Line()
    line.input = await topicOf(broker)
    line.output = await topicOf(broker)
    await write(broker, line.input, 0, records(0, inputs))
    return line
  }

  async position(broker: Broker): Promise<number> {
    return (await broker.committed(this.group, this.input, 0)) ?? 0
  }

  /** Takes the slice [first, next) up to its commit. */
  async slice(transactor: Transactor, first: number, next: number): Promise<BrokerTransaction> {
    const transaction = await transactor.begin()
    await transaction.send(this.output, 0, records(first, next - first))
    await transaction.commitOffset(this.group, this.input, 0, next)
    return transaction
  }

  async outputs(broker: Broker): Promise<string[]> {
    return keys(await readAll(broker, this.output))
  }
}

const numbers = (count: number): string[] => [...Array(count).keys()].map(String)

/** The new owner comes while the old one is about to commit. `fences` is the step that makes it right. */
const handOver = async ({ one, two }: Clients, fences: boolean): Promise<string[]> => {
  const line = await Line.of(one, 10)
  const old = await one.fence(line.id)
  const inFlight = await line.slice(old, 0, 5)
  const early = fences ? await two.fence(line.id) : null
  const position = await line.position(two)
  await inFlight.commit().catch(error => expect(error).toMatchObject({ code: 'fenced' }))
  const owner = early ?? (await two.fence(line.id))
  await (await line.slice(owner, position, 10)).commit()
  return line.outputs(one)
}

export const handOverContract = (clients: Clients): void => {
  test('fence, then read the offset: a commit in flight is either seen or undone', async () => {
    expect(await handOver(clients, true)).toEqual(numbers(10))
  })

  test('without the fence a commit in flight doubles its slice, which this suite would see', async () => {
    expect(await handOver(clients, false)).toEqual([...numbers(5), ...numbers(10)])
  })

  test('whoever wins a race of commit and fence, the offset after it tells, many times over', {
    timeout: 60_000,
  }, async () => {
    const { one, two } = clients
    const line = await Line.of(one, 60)
    let position = 0
    let owner = await one.fence(line.id)
    let won = 0
    for (let round = 0; round < 30; round++) {
      const committing = (await line.slice(owner, position, position + 2)).commit().then(
        () => won++,
        error => expect(error).toMatchObject({ code: expect.stringMatching(/^(fenced|transaction_failed)$/) }),
      )
      if (round % 3 > 0) await new Promise(resolve => setTimeout(resolve, round % 7))
      const next = await (round % 2 === 0 ? two : one).fence(line.id)
      position = await line.position(one)
      await committing
      owner = next
    }
    await (await line.slice(owner, position, 60)).commit()
    expect(position).toBe(2 * won)
    expect(await line.outputs(two)).toEqual(numbers(60))
  })

  test('a zombie that makes its transactor anew and takes over by the rule doubles nothing', async () => {
    const { one, two } = clients
    const line = await Line.of(one, 9)
    const zombie = await one.fence(line.id)
    const stuck = await line.slice(zombie, 0, 3)
    const owner = await two.fence(line.id)
    await (await line.slice(owner, await line.position(two), 3)).commit()
    await expect(stuck.commit()).rejects.toMatchObject({ code: 'fenced' })
    // Its new transactor is the newest holder now. The slice it had died with the old one.
    const revived = await one.fence(line.id)
    await (await line.slice(revived, await line.position(one), 6)).commit()
    await expect(line.slice(owner, 3, 6).then(slice => slice.commit())).rejects.toMatchObject({ code: 'fenced' })
    const last = await two.fence(line.id)
    await (await line.slice(last, await line.position(two), 9)).commit()
    expect(await line.outputs(one)).toEqual(numbers(9))
  })

  test('a zombie that repeats its slice on a new transactor doubles it, which this suite would see', async () => {
    const { one, two } = clients
    const line = await Line.of(one, 3)
    await one.fence(line.id)
    const owner = await two.fence(line.id)
    await (await line.slice(owner, 0, 3)).commit()
    const revived = await one.fence(line.id)
    await (await line.slice(revived, 0, 3)).commit()
    expect(await line.outputs(one)).toEqual([...numbers(3), ...numbers(3)])
  })

  test('a transactor made anew after a failed commit goes on, and readers are not held up', async () => {
    const { one, two } = clients
    const line = await Line.of(one, 4)
    const first = await one.fence(line.id)
    const failing = await line.slice(first, 0, 2)
    await failing.send(line.output, 0, [record('large', 9 * 1024 * 1024)]).catch(() => undefined)
    await expect(failing.commit()).rejects.toMatchObject({ code: 'record_too_large' })
    await first.close()
    const anew = await one.fence(line.id)
    expect(await line.position(one)).toBe(0)
    await (await line.slice(anew, 0, 4)).commit()
    expect(await line.outputs(two)).toEqual(numbers(4))
  })
}
