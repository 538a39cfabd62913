import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createParking } from '../../src/coordinator/parked-events.ts'
import { sizeOf } from '../../src/intake/parking.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { databases } from '../kit/databases.ts'
import { openTestDatabase } from './database.ts'
import { submission } from './submission.ts'

describe.each(databases)('parking on %s', (_, open) => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  beforeAll(async () => {
    database = await openTestDatabase(open)
  }, 120_000)
  afterAll(() => database?.close())

  const parking = () =>
    createParking({
      ...{ em: database.em, knowledgeBases, queueDepth: 50, most: { records: 10, bytes: 1_000 } },
      readRequest: async (kb, json) => submission(kb, JSON.parse(json)),
      refused: (kb, message) => expect.unreachable(`${kb}: ${message}`),
    })
  const takeOver = async (partition: number, position: number) => {
    const fence = await parking().claim(partition)
    return { fence, parked: await parking().goOn(partition, fence, position) }
  }
  const record = (offset: number, value = 'x') => ({
    ...{ offset, key: 'u', value: Buffer.from(value), headers: { traceparent: 't' }, timestamp: 1_790_000_000_000 },
  })

  test('gives back what was parked, byte by byte and in order, and forgets what is done', async () => {
    const { park, oldest, forget } = parking()
    const { fence } = await takeOver(1, 0)
    const records = [record(7, '\u0000\u00ff binary'), record(9), record(12)]
    await park(
      1,
      fence,
      records.map(one => ({ kbId: 'kb', record: one })),
    )
    await park(1, fence, [{ kbId: 'other', record: record(10) }])
    expect(await oldest(1, 'kb')).toEqual(records)
    await forget(1, 'kb', 10)
    expect(await oldest(1, 'kb')).toEqual([record(12)])
    expect((await takeOver(1, 100)).parked).toEqual(new Set(['kb', 'other']))
  })

  test('a claim that comes late forgets nothing of what another has parked since', async () => {
    const { claim, goOn, park, oldest } = parking()
    const late = await claim(4)
    const { fence } = await takeOver(4, 100)
    await park(4, fence, [{ kbId: 'kb', record: record(100) }])
    await expect(goOn(4, late, 100)).rejects.toMatchObject({ code: 'claim_lost' })
    expect(await oldest(4, 'kb')).toHaveLength(1)
  })

  test('headers that are no text are not kept, and stop nothing', async () => {
    const { park, oldest } = parking()
    const { fence } = await takeOver(5, 0)
    const odd = { ...record(0), headers: { kb_id: 'kb', bytes: '\0\u0001' } }
    await park(5, fence, [{ kbId: 'kb', record: odd }])
    expect((await oldest(5, 'kb'))[0]?.headers).toEqual({ kb_id: 'kb' })
  })

  test('whoever has lost a partition parks nothing more of it', async () => {
    const { park, oldest } = parking()
    const before = await takeOver(0, 0)
    await takeOver(0, 0)
    await expect(park(0, before.fence, [{ kbId: 'kb', record: record(0) }])).rejects.toMatchObject({
      code: 'claim_lost',
    })
    expect(await oldest(0, 'kb')).toEqual([])
  })

  test('what was parked and not committed is forgotten by the next claim, since it is read again', async () => {
    const { park, oldest } = parking()
    const { fence } = await takeOver(2, 0)
    await park(
      2,
      fence,
      [0, 1, 2].map(offset => ({ kbId: 'kb', record: record(offset) })),
    )
    expect((await takeOver(2, 2)).parked).toEqual(new Set(['kb']))
    expect((await oldest(2, 'kb')).map(({ offset }) => offset)).toEqual([0, 1])
  })

  test('has room for so many, in records and bytes, of knowledge bases that there are, whose first stream it starts', async () => {
    const { park, ask } = parking()
    const { chunking, embedding } = submission('known')
    await database.em.fork().transactional(tx => knowledgeBases.create(tx, { kb_id: 'known', chunking, embedding }))
    expect(await ask(['unknown', 'known'])).toEqual(new Map([['known', { records: 10, bytes: 1_000 }]]))
    const { fence } = await takeOver(3, 0)
    await park(3, fence, [{ kbId: 'known', record: record(0, 'xyz') }])
    expect(await ask(['known'])).toEqual(new Map([['known', { records: 9, bytes: 1_000 - sizeOf(record(0, 'xyz')) }]]))
    const jobs = await database.em.fork().execute(`select kind, status from job where kb_id = 'known'`)
    expect(jobs).toEqual([{ kind: 'stream', status: 'pending' }])
  })
})
