import { describe, expect, it } from 'vitest'
import { scheduleList } from '../../src/api/contract/schedules.ts'
import { createServer } from '../../src/api/server.ts'
import { aKnowledgeBase, aSchedule, fakePorts } from './fake-ports.ts'

const withBase = () => {
  const ports = fakePorts()
  ports.stored.knowledgeBases.push(aKnowledgeBase())
  ports.stored.schedules.push(aSchedule())
  return ports
}
const at = '/api/knowledge-bases/handbook/schedules'
const ingest = async (...fields: readonly object[]) => {
  const ports = fakePorts()
  const sources = fields.map(more => ({ type: 'markdown', path: '/docs', ...more }))
  const payload = { kb_id: 'handbook', sources }
  const answer = await createServer(ports).inject({ method: 'POST', url: '/ingest', payload })
  const { error } = answer.json()
  const mistakes = error?.details.mistakes as { path: string; message: string }[] | undefined
  return { ports, mistakes: mistakes?.map(({ path, message }) => `${path} ${message}`) ?? [] }
}

describe('a source of a request', () => {
  it('may say when it is read again; the source itself is read as it was', async () => {
    const { ports } = await ingest(
      { refresh_every: '90m' },
      { refresh_cron: '0 3 * * *', refresh_timezone: 'Europe/Berlin' },
      {},
    )
    const spec = { type: 'markdown', path: '/docs' }
    expect(ports.asked.submissions[0]?.sources).toEqual([spec, spec, spec])
    expect(ports.asked.submissions[0]?.schedule?.map(({ refresh }) => refresh)).toEqual([
      { every_s: 5400, cron: null, timezone: null },
      { every_s: null, cron: '0 3 * * *', timezone: 'Europe/Berlin' },
      null,
    ])
  })

  it('has every mistake in that named with its path', async () => {
    const { mistakes, ports } = await ingest(
      { refresh_every: '30s' },
      { refresh_every: '1h', refresh_cron: '0 3 * * *' },
      { refresh_cron: '0 3 * *' },
      { refresh_cron: '0 3 * * *', refresh_timezone: 'Mars/Olympus' },
      { refresh_timezone: 'UTC' },
      { refresh_cron: '0 0 30 2 *', path: '' },
      { refresh_evry: '1h' },
    )
    expect(mistakes).toEqual([
      'sources[0].refresh_every must be a number with m, h or d, from 1m to 366d',
      'sources[1].refresh_cron cannot stand beside refresh_every: choose one',
      expect.stringMatching(/^sources\[2\]\.refresh_cron is no cron pattern of five fields: /),
      'sources[3].refresh_timezone must be the name of a time zone, such as Europe/Berlin',
      'sources[4].refresh_timezone is for refresh_cron, which is not given',
      'sources[5].path must not be empty',
      'sources[5].refresh_cron names no time that comes',
      expect.stringContaining('sources[6].refresh_evry is no known field; known are type, path,'),
    ])
    expect(ports.asked.submissions).toEqual([])
  })
})

describe('schedules', () => {
  it('are listed with what became of them', async () => {
    const answer = await createServer(withBase()).inject(at)
    expect(answer.statusCode).toBe(200)
    expect(scheduleList.parse(answer.json())).toEqual({ kb_id: 'handbook', schedules: [aSchedule()] })
  })

  it('of a knowledge base that is not there are 404', async () => {
    expect((await createServer(fakePorts()).inject(at)).statusCode).toBe(404)
  })

  it('are removed one by one', async () => {
    const server = createServer(withBase())
    const answer = await server.inject({ method: 'DELETE', url: `${at}/0123456789abcdef` })
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { kb_id: 'handbook', schedule_id: '0123456789abcdef', removed: true },
    ])
    expect((await server.inject({ method: 'DELETE', url: `${at}/none` })).statusCode).toBe(404)
  })
})
