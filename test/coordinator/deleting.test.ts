import { describe, expect, test } from 'vitest'
import type { KnowledgeBases } from '../../src/coordinator/admission.ts'
import { submit } from '../../src/coordinator/admission.ts'
import { createDeletions } from '../../src/coordinator/deletion-store.ts'
import { markedUploads } from '../../src/coordinator/deletion-uploads.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { intake } from '../../src/schemas/names.ts'
import { upstreamDocuments } from '../../src/schemas/topics.ts'
import { plantBelongings, rowsWith, tablesOfBases } from '../kit/belongings.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'
import { submission } from './submission.ts'

const bench = useBench()
const deletions = (tenant = 'default') => createDeletions({ em: bench.em, knowledgeBases, tenant })
const withoutUploads = async () => {
  const marked = markedUploads(bench.em)
  await marked.removed((await marked.list()).map(({ id }) => id))
}
const waitingFor = async (kb: string) => {
  const [row] = await bench.em
    .fork()
    .execute<{ waiting_for: string | null }[]>('select waiting_for from knowledge_base_deletion where kb_id = ?', [kb])
  return row === undefined ? 'nothing: it is gone' : row.waiting_for
}
const gone = (kb: string) =>
  until(`${kb} is gone`, async () => (await waitingFor(kb)) === 'nothing: it is gone', 20_000)
const remove = async (kb: string) => {
  expect(await deletions().ask(kb)).toMatchObject({ kb_id: kb, status: 'deleting', waiting_for: null })
  await withoutUploads()
  await gone(kb)
}
const documentsOf = (kb: string) => bench.em.fork().execute('select 1 from document where kb_id = ?', [kb])
const events = { sources: [{ type: 'events' }] }

describe('a knowledge base that is deleted', () => {
  test('leaves no row in any table, whatever its jobs were at, and those of others stay', async () => {
    const first = await bench.coordinator()
    const completed = await bench.submit('doomed')
    await bench.line.complete(completed)
    await bench.ended(completed, 'completed')
    const failed = await bench.submit('doomed')
    await bench.line.started(failed)
    await bench.line.fail(failed, 'embedding', (await bench.lanesOf(failed))[0]!)
    await bench.ended(failed, 'failed')
    const stream = await bench.submit('doomed', events)
    await bench.line.started(stream)
    const kept = await bench.submit('lasting')
    await bench.line.started(kept)
    const pending = await bench.submit('second')
    await first.stop()

    const number = await plantBelongings(bench.em, 'doomed', completed)
    await plantBelongings(bench.em, 'lasting', kept)
    const words = ['doomed', completed, failed, stream]
    const before = await rowsWith(bench.em, words)
    const marks = 'public.knowledge_base_deletion'
    // A new table that has knowledge bases is planted with rows here, and emptied by a deletion.
    const unplanted = (await tablesOfBases(bench.em)).filter(name => name !== marks && !before.get(name))
    expect(unplanted).toEqual([])
    const others = await rowsWith(bench.em, ['lasting', kept])

    await bench.coordinator()
    await remove('doomed')
    const after = await rowsWith(bench.em, words)
    expect([...after].filter(([, rows]) => rows > 0)).toEqual([])
    expect(
      [...after.keys()].filter(name => name.includes(`kb_${number}.`) || name === `public.chunks_${number}`),
    ).toEqual([])
    for (const [name, rows] of await rowsWith(bench.em, ['lasting', kept]))
      if (name !== 'public.lane' && name !== 'public.publication')
        expect([name, rows]).toEqual([name, others.get(name)])
    expect((await bench.row(pending)).status).not.toBe('cancelled')
  })

  test('takes no job while it is being deleted; then its name is anybody’s, and its runs begin above the former ones', async () => {
    const job = await bench.submit('doomed')
    await bench.em.fork().execute('update job set run = 7 where id = ?', [job])
    expect(await deletions().ask('doomed')).not.toBeNull()
    const options = { em: bench.em, knowledgeBases, queueDepth: 50 }
    expect(await submit(options, submission('doomed'))).toEqual({ outcome: 'deleting' })
    await bench.coordinator()
    await withoutUploads()
    await gone('doomed')
    const admitted = await submit(options, submission('doomed'), { tenant: 'acme' })
    expect(admitted).toMatchObject({ outcome: 'accepted' })
    expect(await submit(options, submission('doomed'), { tenant: 'globex' })).toEqual({ outcome: 'taken' })
    expect(admitted.outcome === 'accepted' && (await bench.row(admitted.job_id)).run).toBe(8)
  })

  test('is one of the tenant who asks, and nobody’s else', async () => {
    await bench.submit('doomed')
    expect(await deletions('acme').ask('doomed')).toBeNull()
    expect(await deletions().ask('unheard-of')).toBeNull()
    expect(await waitingFor('doomed')).toBe('nothing: it is gone')
  })

  test('with a name that only uploads hold gives the name back', async () => {
    await bench.coordinator()
    await knowledgeBases.claim(bench.em.fork(), 'sent', 'default')
    await remove('sent')
    expect(await knowledgeBases.ownerOf(bench.em.fork(), 'sent')).toBeNull()
  })

  test('waits for the API to remove its uploads, and for INTAKE to read what was published before', async () => {
    await bench.coordinator()
    await bench.submit('doomed')
    const { broker } = bench.line
    const transactor = await broker.fence('publisher')
    const published = await transactor.begin()
    await published.send(upstreamDocuments.name, 0, [{ key: 'u', value: Buffer.from('{}') }])
    await published.commit()
    await deletions().ask('doomed')
    await until('it waits for the API', async () => (await waitingFor('doomed'))?.startsWith('the API') ?? false)
    await withoutUploads()
    await until('it waits for INTAKE', async () => (await waitingFor('doomed'))?.startsWith('INTAKE') ?? false)
    const read = await transactor.begin()
    // What is behind the record is the marker of its transaction, up to which nobody commits.
    await read.commitOffset(intake, upstreamDocuments.name, 0, 1)
    await read.commit()
    await transactor.close()
    await gone('doomed')
  })

  test('is deleted to its end by the coordinator that comes after one that could not', async () => {
    const failing: KnowledgeBases = {
      ...knowledgeBases,
      async removeStored(kbId, batches) {
        await batches.rows('document', 'kb_id = ?', [kbId])
        throw new Error('the disk is on fire')
      },
    }
    const first = await bench.coordinator({ knowledgeBases: failing })
    const job = await bench.submit('doomed')
    await plantBelongings(bench.em, 'doomed', job)
    await deletions().ask('doomed')
    await withoutUploads()
    await until('it says why not', async () => (await waitingFor('doomed')) === 'the disk is on fire')
    await first.stop()
    await bench.coordinator()
    await gone('doomed')
    expect([...(await rowsWith(bench.em, ['doomed', job]))].filter(([, rows]) => rows > 0)).toEqual([])
  })

  test('is not taken for the one that has its name afterwards by work that comes late', async () => {
    const late: Parameters<KnowledgeBases['removeStored']>[1][] = []
    const keeping: KnowledgeBases = {
      ...knowledgeBases,
      removeStored(kbId, batches) {
        late.push(batches)
        return knowledgeBases.removeStored(kbId, batches)
      },
    }
    await bench.coordinator({ knowledgeBases: keeping })
    const former = await bench.submit('doomed')
    const [lane] = (await bench.line.started(former)).map(({ lane }) => lane)
    await remove('doomed')
    const job = await bench.submit('doomed')
    await plantBelongings(bench.em, 'doomed', job)
    await expect(late[0]!.rows('document', 'kb_id = ?', ['doomed'])).rejects.toThrow('The deletion is over.')
    expect(await documentsOf('doomed')).toHaveLength(1)

    const words = [former, 'unreadable']
    await bench.line.deadLetter(former, lane!, 0)
    await bench.line.fail(former, 'embedding', lane!)
    await bench.line.deadLetter(job, lane!, 0)
    await until(
      'a later letter',
      async () => (await bench.em.fork().execute(`select 1 from dead_letter where code = 'unreadable'`)).length > 0,
    )
    expect((await rowsWith(bench.em, words)).get('public.dead_letter')).toBe(1)
    expect((await rowsWith(bench.em, [former])).get('public.dead_letter')).toBe(0)
    expect((await bench.row(job)).status).not.toBe('failed')
  })
})
