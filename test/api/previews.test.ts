import { describe, expect, it } from 'vitest'
import { openAccess } from '../../src/api/doors/access.ts'
import { createServer } from '../../src/api/server.ts'
import { Fatal, Wait } from '../../src/runtime/errors.ts'
import { type FakePorts, fakePorts } from './fake-ports.ts'

const docs = { type: 'markdown', path: '/docs' }
const post = (ports: FakePorts, payload: object) =>
  createServer(ports).inject({ method: 'POST', url: '/api/sources/preview', payload })

describe('POST /api/sources/preview', () => {
  it('answers with what the source yields, ten of it unless told otherwise', async () => {
    const ports = fakePorts()
    const answer = await post(ports, { source: { ...docs, refresh_every: '1h' } })
    expect([answer.statusCode, answer.json()]).toEqual([200, ports.stored.preview])
    await post(ports, { source: docs, limit: 3 })
    expect(ports.asked.previews).toEqual([
      { source: docs, limit: 10 },
      { source: docs, limit: 3 },
    ])
  })

  it('names every mistake, those included that an ingest would be refused for', async () => {
    const refuses = fakePorts({ checkSource: async () => [{ path: 'path', message: 'is outside of the roots' }] })
    const outside = await post(refuses, { source: docs, limit: 101 })
    expect(outside.statusCode).toBe(422)
    expect(outside.json().error.details.mistakes.map(({ path }: { path: string }) => path)).toEqual([
      'limit',
      'source.path',
    ])
    expect((await post(fakePorts(), {})).json().error.message).toBe('source: is required')
    expect(refuses.asked.previews).toEqual([])
  })

  it('refuses uploads, which are of a knowledge base', async () => {
    const ports = fakePorts()
    const answer = await post(ports, { source: { type: 'local_files', uploads: true } })
    expect([answer.statusCode, answer.json().error.message]).toEqual([
      422,
      'source.uploads: have no preview: they are those of a knowledge base',
    ])
    expect(ports.asked.previews).toEqual([])
  })

  it('says what is wrong with a source that cannot be read, and when to ask again where it is busy', async () => {
    const throwing = (error: Error) => fakePorts({ preview: () => Promise.reject(error) })
    const gone = await post(throwing(new Fatal('source_gone', 'It is gone.')), { source: docs })
    expect([gone.statusCode, gone.json().error.message]).toEqual([422, 'source: It is gone.'])
    const busy = await post(throwing(new Wait('rate_limited', 'Not now.', 7000)), { source: docs })
    expect([busy.statusCode, busy.json().error.code, busy.headers['retry-after']]).toEqual([503, 'source_not_now', '7'])
  })

  it('reads four at once of all tenants, and asks the next to come again, whatever is to be looked at', async () => {
    const { promise: end, resolve } = Promise.withResolvers<void>()
    const ports = fakePorts()
    let reading = 0
    ports.stored.plan = {
      ...{ job_id: 'job-1', kb_id: 'handbook', sources: [], documents: [], unknown_edits: [] },
      ...{ dead_letters: 0, not_replayable: 0, superseded: 0, left: 0 },
    }
    const { promise: all, resolve: full } = Promise.withResolvers<void>()
    const preview = async () => {
      if (++reading === 4) full()
      await end
      return ports.stored.preview
    }
    const key = (tenant: string) => ({ authorization: `Bearer ${tenant}` })
    const find = async (tenant: string) => ({ tenant, scopes: ['admin'], key: tenant }) as const
    // The ports of each tenant are its own but for what they share.
    const server = createServer({ ...ports, preview }, { ...openAccess, find }, () => ({ ...ports, preview }))
    let asked = 0
    const ask = () =>
      server.inject({
        ...{ method: 'POST', url: '/api/sources/preview', payload: { source: docs } },
        headers: key(`tenant-${++asked}`),
      })
    const four = Promise.all([ask(), ask(), ask(), ask()])
    await all
    const dryRun = '/api/ingestion/jobs/job-1/dead-letters/dry-run'
    const source = { type: 'structured', path: '/srv', mapping_file: '/srv/m.yaml' }
    for (const other of [
      { method: 'POST', url: '/api/sources/preview', payload: { source: docs } },
      { method: 'POST', url: '/api/structured/check', payload: { source } },
      { method: 'POST', url: dryRun, payload: {} },
      { method: 'GET', url: '/api/verify' },
      { method: 'GET', url: '/api/knowledge-bases/handbook/verify' },
    ] as const)
      expect([other.url, (await server.inject(other)).json().error.code]).toEqual([other.url, 'previews_busy'])
    resolve()
    expect((await four).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200])
    expect((await ask()).statusCode).toBe(200)
  })
})
