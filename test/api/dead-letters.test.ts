import { describe, expect, it } from 'vitest'
import { causes, dryRun, letters, replayAccepted } from '../../src/api/contract/dead-letters.ts'
import { createServer } from '../../src/api/server.ts'
import type { DeadLetter, ReplayPlan } from '../../src/coordinator/dead-letters.ts'
import { Fatal, Wait } from '../../src/runtime/errors.ts'
import { aJob, fakePorts } from './fake-ports.ts'

const base = '/api/ingestion/jobs/job-1/dead-letters'
const withJob = () => {
  const ports = fakePorts()
  ports.stored.jobs.push(aJob())
  return ports
}
type Ports = ReturnType<typeof fakePorts>
const get = (ports: Ports, url: string) => createServer(ports).inject(url)
const post = (ports: Ports, url: string, payload?: object) =>
  createServer(ports).inject({ method: 'POST', url, ...(payload === undefined ? {} : { payload }) })

const plan: ReplayPlan = {
  ...{ job_id: 'job-1', kb_id: 'handbook', sources: [], dead_letters: 3, not_replayable: 1, superseded: 2, left: 0 },
  documents: [{ document_id: 'd', uri: 'file:///a.md', source_index: 0, dead_letters: 3, edited: null, stored: null }],
  unknown_edits: [],
}

describe('dead letters', () => {
  it('are grouped by cause', async () => {
    const ports = withJob()
    const examples = [{ uri: 'a.md', message: 'No.' }]
    ports.stored.deadLetters.push({ stage: 'loading', code: 'binary', count: 2, open: 1, examples })
    const answer = await get(ports, base)
    expect(causes.parse(answer.json())).toEqual({ job_id: 'job-1', groups: ports.stored.deadLetters })
    expect((await get(ports, '/api/ingestion/jobs/job-2/dead-letters')).statusCode).toBe(404)
  })

  it('are shown one by one, page by page', async () => {
    const ports = withJob()
    const letter: DeadLetter = {
      ...{ stage: 'embedding', code: 'provider_400', message: 'Too long.', attempts: 1, state: 'open' },
      ...{ replay_job_id: null, uri: null, document_id: 'd', trace_id: 'a'.repeat(32) },
      ...{ topic: 'chunks', lane: 3, offset: 12, input: { type: 'chunk', text: 'x' }, payload: null },
      created_at: '2026-11-24T03:00:00.000Z',
    }
    ports.stored.deadLetterPage = { dead_letters: [letter], next: '3-12' }
    const answer = await get(ports, `${base}/records?stage=embedding&state=open&limit=1&after=3-11`)
    expect(letters.parse(answer.json())).toEqual({ job_id: 'job-1', dead_letters: [letter], next: '3-12' })
    expect(ports.asked.letters).toEqual([
      ['list', 'job-1', { stage: 'embedding', state: 'open', limit: 1, after: '3-11' }],
    ])
    const wrong = await get(ports, `${base}/records?after=nonsense&state=lost`)
    expect(wrong.statusCode).toBe(422)
    expect(wrong.body).toContain('must be `next` of the page before')
    expect(wrong.body).toContain('"path":"query.state"')
  })

  it('are tried out without a change', async () => {
    const ports = withJob()
    ports.stored.plan = plan
    ports.stored.examined.push({
      ...{ document_id: 'd', uri: 'file:///a.md', dead_letters: 3, from: 'source', outcome: 'loads', chunks: 4 },
      ...{ code: null, message: null, content: null },
    })
    const answer = await post(ports, `${base}/dry-run`, { select: { code: 'binary' }, limit: 5 })
    expect(answer.statusCode).toBe(200)
    expect(dryRun.parse(answer.json())).toEqual({
      ...{ job_id: 'job-1', kb_id: 'handbook', documents: 1, dead_letters: 3, not_replayable: 1, superseded: 2 },
      ...{ left: 0, examined: ports.stored.examined },
    })
    expect(ports.asked.letters).toEqual([
      ['plan', 'job-1', { code: 'binary' }, []],
      ['dryRun', { limit: 5, content: false }],
    ])
    ports.stored.plan = null
    expect((await post(ports, `${base}/dry-run`)).statusCode).toBe(404)
  })

  it('are not tried out where their source cannot be read, or not now', async () => {
    const throwing = (error: Error) => {
      const ports = { ...withJob(), dryRun: () => Promise.reject(error) }
      ports.stored.plan = plan
      return post(ports, `${base}/dry-run`)
    }
    const gone = await throwing(new Fatal('source_gone', 'It is gone.'))
    expect([gone.statusCode, gone.json().error.message]).toEqual([422, 'params.job_id: It is gone.'])
    const busy = await throwing(new Wait('rate_limited', 'Not now.', 7000))
    expect([busy.statusCode, busy.json().error.code, busy.headers['retry-after']]).toEqual([503, 'source_not_now', '7'])
  })

  it('are replayed as a job that can be followed, at 20 documents a second unless stated', async () => {
    const ports = withJob()
    const counts = { documents: 1, dead_letters: 3, not_replayable: 0, superseded: 0, left: 0 }
    const job = { job_id: 'job-2', kb_id: 'handbook', status: 'pending' } as const
    ports.stored.replay = { outcome: 'accepted', ...job, ...counts }
    const answer = await post(ports, `${base}/replay`)
    expect(answer.statusCode).toBe(202)
    expect(answer.headers.location).toBe('/ingest/job-2')
    expect(replayAccepted.parse(answer.json())).toEqual({ ...job, ...counts })
    expect(ports.asked.letters).toEqual([
      ['replay', 'job-1', { select: {}, edits: [], documents_per_second: 20, parallelism: 2, priority: 0 }],
    ])
  })

  it('that cannot be replayed now are refused with the reason', async () => {
    const ports = withJob()
    const refused = async (body?: object) => {
      const answer = await post(ports, `${base}/replay`, body)
      return [answer.statusCode, answer.json().error.code]
    }
    ports.stored.replay = { outcome: 'conflict', job_id: 'job-2', status: 'running' }
    expect(await refused()).toEqual([409, 'job_unfinished'])
    ports.stored.replay = { outcome: 'queue_full', retry_after_s: 30 }
    expect(await refused()).toEqual([503, 'queue_full'])
    ports.stored.replay = { outcome: 'no_job' }
    expect(await refused()).toEqual([404, 'not_found'])
    ports.stored.replay = { outcome: 'nothing', not_replayable: 1, superseded: 2 }
    expect(await refused()).toEqual([409, 'nothing_to_replay'])
    expect((await post(ports, `${base}/replay`)).json().error.message).toContain(
      '2 are of documents that a later run has loaded completely, and 1 name no document',
    )
  })

  it('have every mistake of a request named with its path', async () => {
    const ports = withJob()
    const edit = (document_id: string, text = 'x') => ({ document_id, text })
    const mistakes = async (body: object) => {
      const answer = await post(ports, `${base}/replay`, body)
      expect(answer.statusCode).toBe(422)
      return answer.json().error.details.mistakes.map(({ path }: { path: string }) => path)
    }
    expect(await mistakes({ documents_per_second: 0, select: { codes: 'x' }, edits: [edit('a', ' ')] })).toEqual(
      expect.arrayContaining(['documents_per_second', 'select.codes', 'edits[0].text']),
    )
    expect(await mistakes({ edits: [edit('a'), edit('a')] })).toEqual(['edits'])
    expect(await mistakes({ parallelism: 17 })).toEqual(['parallelism'])
    expect(ports.asked.letters).toEqual([])
    ports.stored.replay = { outcome: 'unknown_edits', document_ids: ['b'] }
    expect(await mistakes({ edits: [edit('a'), edit('b')] })).toEqual(['edits[1].document_id'])
  })

  it('are given up only by a selection that was stated', async () => {
    const ports = withJob()
    expect((await post(ports, `${base}/discard`, {})).statusCode).toBe(422)
    const answer = await post(ports, `${base}/discard`, { select: { uris: ['file:///a.md'] } })
    expect(answer.json()).toEqual({ job_id: 'job-1', discarded: 3 })
    expect(ports.asked.letters).toEqual([['discard', 'job-1', { uris: ['file:///a.md'] }]])
  })
})
