import { describe, expect, it } from 'vitest'
import { accepted } from '../../src/api/contract/answers.ts'
import { createServer } from '../../src/api/server.ts'
import { aJob, fakePorts } from './fake-ports.ts'

const post = (ports: ReturnType<typeof fakePorts>, verb: string, payload?: object) =>
  createServer(ports).inject({
    method: 'POST',
    url: `/api/ingestion/kb/handbook/${verb}`,
    ...(payload === undefined ? {} : { payload }),
  })
const withJob = () => {
  const ports = fakePorts()
  ports.stored.jobs.push(aJob())
  return ports
}

describe('telling a job what to do', () => {
  it.each(['pause', 'resume', 'cancel', 'retry'] as const)('%s is accepted, with or without a body', async verb => {
    const ports = withJob()
    for (const answer of [await post(ports, verb), await post(ports, verb, {})]) {
      expect(answer.statusCode).toBe(202)
      expect(accepted.parse(answer.json())).toEqual({ job_id: 'job-1', kb_id: 'handbook', status: 'running' })
      expect(answer.headers.location).toBe('/ingest/job-1')
    }
    expect(ports.asked.commands).toEqual(Array(2).fill({ kb_id: 'handbook', verb, phase: null }))
  })

  it('may be about one phase, save cancel', async () => {
    const ports = withJob()
    await post(ports, 'pause', { phase: 'EMBEDDING' })
    expect(ports.asked.commands).toEqual([{ kb_id: 'handbook', verb: 'pause', phase: 'EMBEDDING' }])
    const unknown = await post(ports, 'pause', { phase: 'PACKING', now: true })
    expect(unknown.statusCode).toBe(422)
    expect(unknown.json().error.details.mistakes.map((one: { path: string }) => one.path)).toEqual(['phase', 'now'])
    expect((await post(ports, 'cancel', { phase: 'EMBEDDING' })).statusCode).toBe(422)
    expect(ports.asked.commands).toHaveLength(1)
  })

  it('is refused with 409 and the name of the state when that forbids it', async () => {
    const ports = withJob()
    const message = 'A job that is completed does not take "pause". It has ended; start a new one.'
    ports.stored.command = { outcome: 'refused', job_id: 'job-1', status: 'completed', message }
    const answer = await post(ports, 'pause')
    expect(answer.statusCode).toBe(409)
    expect(answer.json().error).toMatchObject({
      code: 'illegal_transition',
      message,
      details: { job_id: 'job-1', status: 'completed' },
    })
  })

  it('is not possible where there has been no job', async () => {
    const answer = await post(fakePorts(), 'cancel')
    expect(answer.statusCode).toBe(404)
    expect(answer.json().error.message).toBe("Knowledge base 'handbook' has had no job.")
  })
})
