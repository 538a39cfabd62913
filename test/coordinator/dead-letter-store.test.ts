import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDeadLetters } from '../../src/coordinator/dead-letter-store.ts'
import type { ReplayRequest } from '../../src/coordinator/dead-letters.ts'
import { JobRow, ReplayDocumentRow } from '../../src/coordinator/entities.ts'
import { createJobs } from '../../src/coordinator/job-store.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { databases } from '../kit/databases.ts'
import { openTestDatabase } from './database.ts'
import { submission } from './submission.ts'

describe.each(databases)('on %s', (_, open) => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  let job: string
  let position: number

  const admission = () => ({ em: database.em, knowledgeBases, queueDepth: 10 })
  const letters = () => createDeadLetters({ ...admission(), sourceId: ({ type }) => `id of ${type}` })
  const execute = (sql: string, values: readonly (string | number | null)[] = []) =>
    database.em.fork().execute(sql, [...values])
  const submitted = async (kb = 'manual') => {
    const jobs = createJobs({ ...admission(), lanes: 4, concurrency: 1 })
    const accepted = await jobs.submit(submission(kb))
    if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome)
    return accepted.job_id
  }
  const end = (id: string, status: string) =>
    execute(`update job set status = ?, completed_at = now() where id = ?`, [status, id])

  beforeAll(async () => {
    database = await openTestDatabase(open)
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    await database.empty()
    position = 0
    job = await submitted()
    await end(job, 'completed')
  })

  /** A dead letter of LOADING about one file of the source, unless stated otherwise. */
  const reject = (
    of: Partial<Record<'stage' | 'code' | 'uri' | 'document_id' | 'source' | 'input', string | null>>,
  ) => {
    const letter = {
      ...{ stage: 'loading', code: 'unreadable', uri: `file://${position}.md`, document_id: `doc-${position}` },
      ...{ source: 'id of local_files', input: null, ...of },
    }
    position += 1
    return execute(
      `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code,
         message, attempts, uri, document_id, source, input, payload)
       values (0, ?, ?, 'manual', ?, 'documents', 0, 7, ?, 'no', 2, ?, ?, ?, ?::jsonb, 'x'::bytea)`,
      [position, job, letter.stage, letter.code, letter.uri, letter.document_id, letter.source, letter.input],
    )
  }
  const request = (of: Partial<ReplayRequest> = {}): ReplayRequest => ({
    ...{ select: {}, edits: [], documents_per_second: 5, parallelism: 2, priority: 0 },
    ...of,
  })
  const replayed = async (of: Partial<ReplayRequest> = {}) => {
    const accepted = await letters().replay(job, request(of))
    if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome)
    return accepted
  }
  const states = async () =>
    (await letters().list(job, { limit: 50, after: null })).dead_letters.map(({ uri, state }) => [uri, state])
  const loaded = async (id: string) =>
    (await database.em.fork().find(ReplayDocumentRow, { jobId: id }, { orderBy: { number: 'asc' } })).map(
      ({ documentId }) => documentId,
    )

  test('they are grouped by cause, the commonest first, with examples and how many are open', async () => {
    for (let i = 0; i < 7; i++) await reject({})
    await reject({ code: 'too_large' })
    await replayed({ select: { uris: ['file://2.md'] } })
    const examples = (...of: readonly number[]) => of.map(i => ({ uri: `file://${i}.md`, message: 'no' }))
    expect(await letters().groups(job, 10)).toEqual([
      { stage: 'loading', code: 'unreadable', count: 7, open: 6, examples: examples(0, 1, 2, 3, 4) },
      { stage: 'loading', code: 'too_large', count: 1, open: 1, examples: examples(7) },
    ])
    expect(await letters().groups(job, 1)).toHaveLength(1)
  })

  test('single ones come page by page, each once, with what was rejected', async () => {
    await reject({ input: JSON.stringify({ type: 'document', text: 'a' }) })
    for (let i = 0; i < 4; i++) await reject({ code: i === 3 ? 'too_large' : 'unreadable' })
    const first = await letters().list(job, { limit: 3, after: null })
    const second = await letters().list(job, { limit: 3, after: first.next })
    expect([...first.dead_letters, ...second.dead_letters].map(({ uri }) => uri)).toEqual(
      [0, 1, 2, 3, 4].map(i => `file://${i}.md`),
    )
    expect(second.next).toBeNull()
    expect(first.dead_letters[0]).toMatchObject({
      ...{ input: { type: 'document', text: 'a' }, attempts: 2, topic: 'documents', lane: 0, offset: 7 },
      ...{ state: 'open', replay_job_id: null, payload: Buffer.from('x').toString('base64') },
    })
    const of = async (filter: object) =>
      (await letters().list(job, { limit: 9, after: null, ...filter })).dead_letters.length
    expect([
      await of({ code: 'too_large' }),
      await of({ document_id: 'doc-1' }),
      await of({ uri: 'file://2.md' }),
      await of({ state: 'replayed' }),
    ]).toEqual([1, 1, 1, 0])
  })

  test('a replay is a job of its own with its list of documents, and marks their dead letters', async () => {
    await reject({})
    await reject({})
    await reject({ code: 'too_large' })
    const { job_id, ...rest } = await replayed({ select: { code: 'unreadable' } })
    expect(rest).toMatchObject({ status: 'pending', kb_id: 'manual', documents: 2, dead_letters: 2, left: 0 })
    const row = await database.em.fork().findOneOrFail(JobRow, { id: job_id })
    expect(row).toMatchObject({ kind: 'replay', run: 2, kbId: 'manual' })
    expect(row.submission).toMatchObject({
      ...{ sources: [{ type: 'local_files', path: '/docs' }], parallelism: 2 },
      replay: { of: job, documents: 2, documents_per_second: 5 },
    })
    expect(await loaded(job_id)).toEqual(['doc-0', 'doc-1'])
    expect(await states()).toEqual([
      ['file://0.md', 'replayed'],
      ['file://1.md', 'replayed'],
      ['file://2.md', 'open'],
    ])
  })

  test('a document is replayed whole: all of its open dead letters are taken up, whichever was chosen', async () => {
    const uri = 'file://a.md'
    await reject({ stage: 'embedding', code: 'provider_400', uri: null, source: null, document_id: 'a' })
    await reject({ stage: 'embedding', code: 'failed_alone', uri: null, source: null, document_id: 'a' })
    await reject({ stage: 'indexing', code: 'incomplete', uri, document_id: 'a' })
    const { job_id, documents, dead_letters } = await replayed({ select: { code: 'failed_alone' } })
    expect([documents, dead_letters]).toEqual([1, 3])
    expect(await loaded(job_id)).toEqual(['a'])
    expect((await states()).map(([, state]) => state)).toEqual(['replayed', 'replayed', 'replayed'])
  })

  test('the uri and the source of a chunk are found by its stored document', async () => {
    await stored('a', 1, 1)
    await reject({ stage: 'embedding', uri: null, source: null, document_id: 'a' })
    const plan = await letters().plan(job, { uris: ['nothing'] }, [])
    expect(plan?.documents).toEqual([])
    expect((await letters().plan(job, {}, []))?.documents).toMatchObject([{ uri: 'file://a.md', source_index: 0 }])
  })

  /** As the active version of run `run`, with `stubs` of its chunks rejected. */
  const stored = (id: string, run: number, stubs: number) =>
    execute(
      `insert into document (kb_id, settings_hash, document_id, active_version, source, uri, title, media_type, metadata,
         content_hash, chunks, stubs, deleted)
       values ('manual', 'h', ?, ?, 'id of local_files', ?, '', 'text/markdown', '{}', 'h', 3, ?, false)`,
      [id, run * 2 ** 32, `file://${id}.md`, stubs],
    )

  test('what a later run has loaded completely is not replayed, unless it was edited', async () => {
    await stored('done', 2, 0)
    await stored('stubbed', 2, 1)
    await stored('same', 1, 0)
    for (const id of ['done', 'stubbed', 'same']) await reject({ document_id: id, uri: `file://${id}.md` })
    const plan = await letters().plan(job, {}, [])
    expect(plan?.documents.map(({ document_id }) => document_id)).toEqual(['same', 'stubbed'])
    expect(plan?.superseded).toBe(1)
    const edit = { document_id: 'done', title: '', media_type: 'text/markdown', metadata: {}, text: 'Better.' }
    const edited = await letters().plan(job, { document_ids: ['done'] }, [edit])
    expect(edited?.documents).toMatchObject([{ document_id: 'done', edited: { text: 'Better.' } }])
  })

  test('what names no document of a source cannot be replayed, and is counted', async () => {
    await reject({ document_id: null, uri: null, source: null, code: 'undecodable' })
    await reject({ source: 'id of another' })
    expect(await letters().replay(job, request())).toEqual({ outcome: 'nothing', not_replayable: 2, superseded: 0 })
    expect(await database.em.fork().count(JobRow, { kind: 'replay' })).toBe(0)
  })

  test('an edit of a document outside of the selection is refused, and nothing is admitted', async () => {
    await reject({})
    const edit = { document_id: 'doc-9', title: '', media_type: 'text/markdown', metadata: {}, text: 'x' }
    expect(await letters().replay(job, request({ edits: [edit] }))).toEqual({
      outcome: 'unknown_edits',
      document_ids: ['doc-9'],
    })
    expect(await states()).toEqual([['file://0.md', 'open']])
  })

  test('the input of a whole document is kept for the case that its source has it no more', async () => {
    const content = { title: 'A', media_type: 'text/markdown', metadata: { by: 'me' }, text: 'Words.' }
    await reject({ stage: 'chunking', input: JSON.stringify({ type: 'document', parts: 1, ...content }) })
    await reject({ stage: 'chunking', input: JSON.stringify({ type: 'document', parts: 2, ...content }) })
    const plan = await letters().plan(job, {}, [])
    expect(plan?.documents.map(one => one.stored)).toEqual([content, null])
  })

  test('of replays that are asked for at once, each dead letter is in one', async () => {
    for (let i = 0; i < 5; i++) await reject({})
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => letters().replay(job, request())))
    expect(outcomes.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1)
    expect(await database.em.fork().count(ReplayDocumentRow, {})).toBe(5)
    expect(await database.em.fork().count(JobRow, { kind: 'replay' })).toBe(1)
  })

  test('a kb has one unfinished replay, beside its run', async () => {
    await reject({})
    await reject({})
    await submitted()
    const { job_id } = await replayed({ select: { uris: ['file://0.md'] } })
    expect(await letters().replay(job, request())).toEqual({ outcome: 'conflict', job_id, status: 'pending' })
    expect(await states()).toContainEqual(['file://1.md', 'open'])
  })

  test('what was replayed is not replayed again, except when that replay came to nothing', async () => {
    await reject({})
    const first = await replayed()
    await end(first.job_id, 'completed')
    expect(await letters().replay(job, request())).toMatchObject({ outcome: 'nothing' })
    await end(first.job_id, 'cancelled')
    const second = await replayed()
    await end(second.job_id, 'failed')
    expect(await letters().replay(job, request())).toMatchObject({ outcome: 'nothing' })
    await execute('update job set closed_at = now() where id = ?', [second.job_id])
    expect(await loaded((await replayed()).job_id)).toEqual(['doc-0'])
    expect(await loaded(first.job_id), 'the list of a replay that is over').toEqual([])
  })

  test('discarded ones keep their cause and lose their input, and are not replayed', async () => {
    await reject({ input: '{"type":"document"}' })
    await reject({ code: 'too_large' })
    expect(await letters().discard(job, { code: 'unreadable' })).toBe(1)
    expect(await letters().discard(job, { code: 'unreadable' })).toBe(0)
    const [gone, left] = (await letters().list(job, { limit: 9, after: null })).dead_letters
    expect(gone).toMatchObject({ state: 'discarded', input: null, payload: null, code: 'unreadable' })
    expect(left).toMatchObject({ state: 'open' })
    expect((await replayed()).documents).toBe(1)
  })

  test('there is no plan for a job that there is not', async () => {
    expect(await letters().plan('nonsense', {}, [])).toBeNull()
    expect(await letters().replay('nonsense', request())).toEqual({ outcome: 'no_job' })
  })
})
