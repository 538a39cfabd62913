import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JobStatus } from '../../src/api/contract/answers.ts'
import { type Access, openAccess } from '../../src/api/doors/access.ts'
import { createServer } from '../../src/api/server.ts'
import { done } from '../cli/jobs.ts'
import { withServer } from '../cli/run.ts'
import { until } from '../kit/until.ts'
import { aJob, type FakePorts, fakePorts } from './fake-ports.ts'

const path = '/api/ingestion/jobs/job-1/events'

/** Ports with a running job whose looks are counted; `fails` makes them fail. */
const watched = (): { ports: FakePorts; looks: { count: number; fails: boolean } } => {
  const looks = { count: 0, fails: false }
  const ports = fakePorts()
  ports.stored.jobs.push(aJob())
  const get = async (): Promise<JobStatus | null> => {
    looks.count += 1
    if (looks.fails) throw new Error('the database is away')
    return ports.stored.jobs[0] ?? null
  }
  return { ports: { ...ports, jobs: { ...ports.jobs, get } }, looks }
}

/** Reads events until one has the text. */
const readUntil = async (reader: ReadableStreamDefaultReader<string>, wanted: string): Promise<string> => {
  let text = ''
  while (!text.includes(wanted)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`ended before '${wanted}': ${text}`)
    text += value
  }
  return text
}

const open = async (url: string) => {
  const response = await fetch(url + path)
  return response.body!.pipeThrough(new TextDecoderStream()).getReader()
}

/** The same by a client that sets no timer which can be faked: the first `fetch` of a process leaves one. */
const openPlainly = async (url: string) => {
  const [response] = (await once(get(url + path, { agent: false }), 'response')) as [IncomingMessage]
  const text = Readable.toWeb(response) as ReadableStream<Uint8Array>
  return { reader: text.pipeThrough(new TextDecoderStream()).getReader(), leave: () => response.destroy() }
}

afterEach(() => vi.useRealTimers())

describe('the events of a job', () => {
  it('are its status at once and at each change, and end with the job', async () => {
    const { ports } = watched()
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

  it('of a job that has ended are its status and the end', async () => {
    const { ports, looks } = watched()
    ports.stored.jobs[0] = aJob({ ...done })
    const answer = await createServer(ports).inject(path)
    expect(answer.body.match(/^event: .*$/gm)).toEqual(['event: status', 'event: end'])
    expect(looks.count).toBe(1)
  })

  it('are not to be had for a job that is none', async () => {
    const answer = await createServer(fakePorts()).inject(path)
    expect(answer.statusCode).toBe(404)
  })

  it('have no head: nobody would read them to their end', async () => {
    const { ports, looks } = watched()
    const answer = await createServer(ports).inject({ method: 'HEAD', url: path })
    expect([answer.statusCode, answer.headers.allow, looks.count]).toEqual([405, 'GET', 0])
  })

  it('cost no more looks for many readers than for one', async () => {
    const { ports, looks } = watched()
    await withServer(ports, async url => {
      const readers = await Promise.all(Array.from({ length: 5 }, () => open(url)))
      await Promise.all(readers.map(reader => readUntil(reader, '"progress":40')))
      const before = looks.count
      ports.stored.jobs[0] = aJob({ progress: 41 })
      await Promise.all(readers.map(reader => readUntil(reader, '"progress":41')))
      expect(looks.count - before).toBe(1)
    })
  })

  it('go on after looks that failed, which are logged once', async () => {
    const { ports, looks } = watched()
    await withServer(ports, async url => {
      const reader = await open(url)
      await readUntil(reader, '"progress":40')
      looks.fails = true
      const before = looks.count
      await until('two looks have failed', () => looks.count >= before + 3)
      ports.stored.jobs[0] = aJob({ progress: 41 })
      looks.fails = false
      await readUntil(reader, '"progress":41')
      expect(ports.stored.logged.filter(line => String(line.msg).startsWith('a job cannot be read'))).toHaveLength(1)
    })
  })

  it('break off once the key is good no more, and not while nobody can say', async () => {
    const { ports, looks } = watched()
    const keys = { good: true, fails: false }
    const access: Access = {
      ...{ ...openAccess, open: false },
      async find() {
        if (keys.fails) throw new Error('the database is away')
        return keys.good ? { tenant: 'acme', scopes: ['read'], key: 'k' } : null
      },
    }
    const app = createServer(ports, access)
    try {
      const url = await app.listen({ host: '127.0.0.1', port: 0 })
      const response = await fetch(url + path, { headers: { authorization: 'Bearer k' } })
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      await readUntil(reader, '"progress":40')
      keys.fails = true
      const before = looks.count
      await until('two looks were not told of', () => looks.count >= before + 2)
      ports.stored.jobs[0] = aJob({ progress: 41 })
      keys.fails = false
      await readUntil(reader, '"progress":41')
      keys.good = false
      ports.stored.jobs[0] = aJob({ progress: 42 })
      expect(await reader.read()).toEqual({ done: true, value: undefined })
    } finally {
      await app.close()
    }
  })

  it('are kept alive by a comment while nothing happens', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { ports } = watched()
    await withServer(ports, async url => {
      const reader = await open(url)
      await readUntil(reader, 'event: status')
      vi.advanceTimersByTime(15_000)
      expect(await readUntil(reader, '\n\n')).toMatch(/^: .*\n\n$/)
    })
  })

  it.each(['reader leaves', 'server closes'])('end when the %s, and the job is looked at no longer', async how => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    const { ports, looks } = watched()
    const app = createServer(ports)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const idle = vi.getTimerCount()
    const { reader, leave } = await openPlainly(url)
    await readUntil(reader, 'event: status')
    await vi.advanceTimersByTimeAsync(500)
    expect(looks.count).toBe(2)
    expect(vi.getTimerCount()).toBeGreaterThan(idle)
    if (how === 'reader leaves') leave()
    else await app.close()
    await expect(readUntil(reader, 'event: end')).rejects.toThrow()
    await until('no timer is left', () => vi.getTimerCount() <= idle)
    await app.close()
    expect(looks.count).toBe(2)
  })
})
