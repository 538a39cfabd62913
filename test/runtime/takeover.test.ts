import { afterEach, describe, expect, test } from 'vitest'
import type { Broker } from '../../src/kafka/broker.ts'
import { openGate } from '../../src/runtime/gate.ts'
import type { Stage } from '../../src/runtime/stage.ts'
import { type Holding, takeOver } from '../../src/runtime/takeover.ts'
import { documents } from '../../src/schemas/topics.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { laneJob, openLine } from '../kit/line.ts'

const stage = chunking() as unknown as Stage
const end = { type: 'end_mark', job_id: 'job-1' } as const
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const setUp = async () => {
  const line = await openLine()
  ends.push(() => line.close())
  await line.write(documents, 0, [end])
  await line.rule(0, laneJob())
  const { broker, codec } = line
  const gate = await openGate({ broker, codec, failed: error => expect.unreachable(error.message) })
  ends.push(() => gate.close())
  /** `meanwhile` happens when the takeover has begun and has not fenced yet: the last moment of the owner before. */
  const take = async (meanwhile: () => Promise<void> = async () => undefined): Promise<Holding | null> => {
    const fence: Broker['fence'] = async id => {
      // Lets a takeover that does not wait for its fence read on.
      await new Promise(resolve => setImmediate(resolve))
      await meanwhile()
      return broker.fence(id)
    }
    const watched = {
      fence,
      committed: broker.committed.bind(broker),
    }
    const taken = await takeOver({ stage, lane: 0, broker: watched, gate, effects: null })
    return taken?.kind === 'work' ? taken : null
  }
  return { line, take }
}

/** A slice of an owner, up to its commit. */
const begun = async ({ transactor }: Holding) => {
  const transaction = await transactor.begin()
  await transaction.send('chunks', 0, [{ key: 'k', value: Buffer.from('a chunk') }])
  await transaction.commitOffset(stage.name, documents.name, 0, 1)
  return transaction
}

describe('a takeover', () => {
  test('leaves an owner before it nothing to commit, and starts where that one did', async () => {
    const { line, take } = await setUp()
    const slice = await begun((await take())!)
    const holding = (await take())!
    await expect(slice.commit()).rejects.toMatchObject({ code: 'fenced' })
    expect(holding.position).toBe(0)
    await (await begun(holding)).commit()
    expect((await line.broker.range('chunks', 0)).end).toBeGreaterThan(0)
    expect((await take())!.position).toBe(1)
  })

  test('starts after a slice that was committed at the last moment before its fence', async () => {
    const { take } = await setUp()
    const slice = await begun((await take())!)
    const holding = await take(() => slice.commit())
    expect(holding!.position).toBe(1)
  })

  test('sees a hold that was asked for before its fence, which the owner before may have acknowledged', async () => {
    const { line, take } = await setUp()
    expect(await take(() => line.rule(0, laneJob(), { held: [stage.name] }))).toBeNull()
  })
})
