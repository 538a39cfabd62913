import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Installation, openInstallation } from '../kit/installation.ts'

let penstock: Installation

beforeAll(async () => {
  penstock = await openInstallation(['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'])
})
afterAll(() => penstock?.close())

const name = (i: number) => `swept/d${i}.md`
const write = (i: number) => penstock.write(name(i), `# Document ${i}\n\nThe marker of it is heron${i}.\n`)
const remove = (...numbers: readonly number[]) => {
  for (const i of numbers) rmSync(join(penstock.corpus, name(i)))
}
const run = async (delete_guard?: number) => {
  const sources = [{ type: 'markdown' as const, path: join(penstock.corpus, 'swept') }]
  const guard = delete_guard === undefined ? {} : { delete_guard }
  const { job_id } = await penstock.client.ingest({ body: { kb_id: 'swept', sources, ...guard } })
  return penstock.ended(job_id)
}
const found = async (i: number) => {
  const { hits } = await penstock.client.search({ body: { kb_id: 'swept', query: `heron${i}`, mode: 'text' } })
  return hits.length
}
const documents = async () => (await penstock.client.knowledgeBase({ params: { kb_id: 'swept' } })).documents
const verified = async () => (await penstock.client.verify({ params: { kb_id: 'swept' }, query: {} })).differences

test('what is gone from a folder goes from its knowledge base, within the guard, and comes back with the file', async () => {
  for (let i = 0; i < 10; i++) write(i)
  expect(await run()).toMatchObject({ status: 'completed', message: expect.stringContaining('Indexed 10 chunks') })
  remove(9)
  expect(await run()).toMatchObject({ status: 'completed', metrics: { documents: 9, rejected: 0 } })
  expect([await documents(), await found(9), await found(8)]).toEqual([9, 0, 1])
  expect(await verified()).toEqual([])

  remove(6, 7, 8)
  const kept = await run()
  expect(kept).toMatchObject({ status: 'completed' })
  expect(kept.message).toContain('3 documents of markdown:')
  expect(kept.message).toContain('--delete-guard 34')
  expect([await documents(), await found(8)]).toEqual([9, 1])
  expect(await verified()).toEqual([])

  expect((await run(34)).message).toBe('Indexed 6 chunks by text.')
  expect([await documents(), await found(8)]).toEqual([6, 0])
  expect(await verified()).toEqual([])

  write(9)
  expect(await run()).toMatchObject({ status: 'completed', metrics: { documents: 7, chunks: 1 } })
  expect([await documents(), await found(9)]).toEqual([7, 1])
  expect(await verified()).toEqual([])
})
