import type { EntityManager } from '@mikro-orm/postgresql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { removeStored } from '../../src/knowledge/removing.ts'
import { migrateUp } from '../../src/migrate.ts'
import { plantBelongings, rowsWith } from '../kit/belongings.ts'
import { databases, type TestDatabase } from '../kit/databases.ts'

describe.each(databases)('on %s', (_, open) => {
  let opened: TestDatabase
  let em: EntityManager
  beforeAll(async () => {
    opened = await open()
    await migrateUp(opened.database)
    em = opened.database.orm.em
  })
  afterAll(() => opened?.close())

  /** Transactions of one row each; `most` of them, then it is cut off. */
  const batches = (most = Number.POSITIVE_INFINITY) => {
    let done = 0
    const repeat = async (work: (tx: EntityManager) => Promise<number>) => {
      for (let removed = 1; removed > 0; ) {
        if (done++ >= most) throw new Error('cut off')
        removed = await em.fork().transactional(work)
      }
    }
    const rows = (table: string, where: string, values: readonly string[]) =>
      repeat(async tx => {
        const gone = await tx.execute(
          `delete from ${table} where ctid = any(array(select ctid from ${table} where ${where} limit 1)) returning 1`,
          [...values],
        )
        return gone.length
      })
    return { repeat, rows }
  }
  const furnish = async (kb: string) => {
    const settings = {
      embedding: { provider: 'hashing', model: 'hashing-v1', dimensions: 8 },
      chunking: { strategy: 'markdown', chunk_size: 64, chunk_overlap: 8 },
    } as const
    await em.fork().transactional(tx => knowledgeBases.create(tx, { kb_id: kb, ...settings }))
    const job = `job-of-${kb}`
    await em
      .fork()
      .execute(
        `insert into job (id, kb_id, kind, status, submission, state, run) values (?, ?, 'run', 'completed', '{}', '{}', 1)`,
        [job, kb],
      )
    return plantBelongings(em, kb, job)
  }
  /** Where rows are left, of tables that the store writes. */
  const left = async (kb: string) =>
    [...(await rowsWith(em, [kb]))].filter(([, rows]) => rows > 0).map(([name]) => name.replace('public.', ''))
  const ofOthers = ['command', 'dead_letter', 'intake_partition', 'job', 'parked_event', 'replay_document', 'schedule']
  const stay = [...ofOthers, 'knowledge_base', 'submission_key'].sort()

  test('all that is stored goes, but for the row of the knowledge base and what is the coordinator’s', async () => {
    await furnish('doomed')
    await furnish('lasting')
    const others = await left('lasting')
    await removeStored('doomed', batches())
    expect((await left('doomed')).every(name => stay.includes(name))).toBe(true)
    expect(await left('lasting')).toEqual(others)
    await removeStored('doomed', batches())
    await removeStored('unheard-of', batches())
  })

  test('cut off anywhere, it is begun anew and comes to its end', async () => {
    await furnish('halved')
    for (let most = 1; ; most++) {
      const done = await removeStored('halved', batches(most)).then(
        () => true,
        error => {
          expect(error.message).toBe('cut off')
          return false
        },
      )
      if (done) break
    }
    expect((await left('halved')).every(name => stay.includes(name))).toBe(true)
  })

  test('an object of somebody else that depends on a table is not dropped, and is named', async () => {
    const number = await furnish('depended')
    await em.fork().execute(`create view mine as select word from kb_${number}.prices`)
    await expect(removeStored('depended', batches())).rejects.toThrow(/prices because other objects depend on it/)
    expect(await em.fork().execute('select * from mine')).toEqual([{ word: 'depended' }])
    await em.fork().execute('drop view mine')
    await removeStored('depended', batches())
    expect((await left('depended')).filter(name => !stay.includes(name))).toEqual([])
  })
})
