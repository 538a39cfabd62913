import { describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { fakePorts } from './fake-ports.ts'

describe('GET /metrics', () => {
  it('is the text of the process, as Prometheus wants it', async () => {
    const ports = fakePorts()
    ports.stored.metrics = 'a_total 1\n'
    const { statusCode, headers, body } = await createServer(ports).inject('/metrics')
    expect([statusCode, headers['content-type'], body]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      'a_total 1\n',
    ])
  })

  it('says where the metrics of all processes are', async () => {
    const answer = await createServer(fakePorts()).inject('/metrics/targets')
    expect(answer.json()).toEqual([{ targets: ['127.0.0.1:9464'], labels: { job: 'penstock' } }])
  })
})

describe('requests are counted', () => {
  const metered = async (...urls: readonly string[]) => {
    const ports = fakePorts()
    for (const url of urls) await createServer(ports).inject(url)
    return ports.asked.metered.map(({ method, route, status }) => `${method} ${route} ${status}`)
  }

  it('by the path as the table of routes has it, whatever its parameters', async () => {
    expect(await metered('/ingest/job-1', '/ingest/job-2?x=1')).toEqual([
      'GET /ingest/{job_id} 404',
      'GET /ingest/{job_id} 404',
    ])
  })

  it('together where no route is met, so that nobody makes up labels', async () => {
    expect(await metered('/nothing', '/nothing/else')).toEqual(['GET none 404', 'GET none 404'])
  })
})
