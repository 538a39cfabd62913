import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDeletions } from '../../src/coordinator/deletion-store.ts'
import { createJobs } from '../../src/coordinator/job-store.ts'
import type { SettingsChange } from '../../src/coordinator/kb-settings.ts'
import { createKbSettings } from '../../src/coordinator/kb-settings-store.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { KnowledgeBaseRow } from '../../src/knowledge/entities.ts'
import { databases } from '../kit/databases.ts'
import { openTestDatabase } from './database.ts'
import { submission } from './submission.ts'

describe.each(databases)('settings of knowledge bases, on %s', (_, open) => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  beforeAll(async () => {
    database = await openTestDatabase(open)
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    await database.empty()
    const { em } = database
    await createJobs({ em, knowledgeBases, queueDepth: 10, lanes: 4, concurrency: 1 }).submit(submission('manual'))
  })

  const change = (chunking: SettingsChange['chunking'], kb = 'manual', tenant = 'default') =>
    createKbSettings({ em: database.em, knowledgeBases, tenant }).change(kb, { chunking })
  const chunking = async () => (await database.em.fork().findOneOrFail(KnowledgeBaseRow, 'manual')).chunking
  const before = submission('manual').chunking

  test('change in what is stated, and stay in what is not', async () => {
    expect(await change({ chunk_size: 300 })).toEqual({ outcome: 'changed' })
    expect(await chunking()).toEqual({ ...before, chunk_size: 300 })
    expect(await change({ strategy: 'fixed', chunk_size: undefined, chunk_overlap: 0 })).toEqual({ outcome: 'changed' })
    expect(await chunking()).toEqual({ strategy: 'fixed', chunk_size: 300, chunk_overlap: 0 })
  })

  test('stay where the overlap would be no smaller than the chunks', async () => {
    const chunk_size = before.chunk_overlap
    expect(await change({ chunk_size })).toEqual({ outcome: 'overlap', chunking: { ...before, chunk_size } })
    expect(await chunking()).toEqual(before)
  })

  test('are not there for another tenant, nor of what is not there', async () => {
    expect(await change({ chunk_size: 300 }, 'manual', 'acme')).toBeNull()
    expect(await change({ chunk_size: 300 }, 'unheard-of')).toBeNull()
    expect(await chunking()).toEqual(before)
  })

  test('stay once a deletion was asked for', async () => {
    await createDeletions({ em: database.em, knowledgeBases, tenant: 'default' }).ask('manual')
    expect(await change({ chunk_size: 300 })).toEqual({ outcome: 'deleting' })
    expect(await chunking()).toEqual(before)
  })
})
