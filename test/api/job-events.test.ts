import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { done } from '../cli/jobs.ts'
import { withServer } from '../cli/run.ts'
import { aJob, fakePorts } from './fake-ports.ts'

const path = '/api/ingestion/jobs/job-1/events'

describe('the events of a job', () => {
  it('are its status at once and at each change, and end with the job', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    await withServer(ports, async url => {
      const response = await fetch(url + path)
      expect(response.headers.get('content-type')).toContain('text/event-stream')
      let text = ''
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk
        if (text.includes('"progress":40')) ports.stored.jobs[0] = aJob({ ...done })
      }
      const events = text
        .trim()
        .split('\n\n')
        .map(event => event.split('\n').map(line => line.slice(line.indexOf(': ') + 2)))
      expect(events.map(([id, event]) => [id, event])).toEqual([
        ['1', 'status'],
        ['2', 'status'],
        ['3', 'end'],
      ])
      expect(JSON.parse(events[0]![2]!)).toEqual(aJob())
      expect(JSON.parse(events[1]![2]!)).toEqual(aJob({ ...done }))
    })
  })

  it('are not to be had for a job that is none', async () => {
    const answer = await createServer(fakePorts()).inject(path)
    expect(answer.statusCode).toBe(404)
  })

  it('end when the server does, and are looked for no longer when the reader leaves', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    const app = createServer(ports)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const leaving = new AbortController()
    const gone = await fetch(url + path, { signal: leaving.signal })
    const stays = await fetch(url + path)
    await stays.body!.getReader().read()
    leaving.abort()
    await expect(gone.text()).rejects.toThrow()
    const closed = once(app.server, 'close')
    await app.close()
    await closed
  })
})
