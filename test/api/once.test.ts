import { describe, expect, test } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import type { Admission, Once } from '../../src/coordinator/jobs.ts'
import { fakePorts } from './fake-ports.ts'

const body = { kb_id: 'handbook', sources: [{ type: 'markdown', path: '/docs' }] }

/** Jobs that know requests again, as admission does. */
const portsThatRemember = () => {
  const known = new Map<string, Once & { readonly admission: Admission }>()
  const base = fakePorts()
  const submitted = async ({ key, digest }: Once): Promise<Admission | null> => {
    const found = known.get(key)
    return found ? (found.digest === digest ? found.admission : { outcome: 'key_reused' }) : null
  }
  let gone = false
  const ports = {
    ...base,
    checkSource: async () => (gone ? [{ path: 'path', message: 'is not there' }] : []),
    jobs: {
      ...base.jobs,
      submitted,
      async submit(...[request, once]: Parameters<typeof base.jobs.submit>) {
        const admission = await base.jobs.submit(request)
        if (once) known.set(once.key, { ...once, admission })
        return admission
      },
    },
  }
  return {
    ports,
    lose: () => {
      gone = true
    },
  }
}

describe('an Idempotency-Key', () => {
  const submit = async (app: ReturnType<typeof createServer>, payload: object, key: string, url = '/ingest') => {
    const answer = await app.inject({ method: 'POST', url, payload, headers: { 'idempotency-key': key } })
    return [answer.statusCode, answer.json().error?.code ?? answer.json().job_id]
  }

  test('gives the same job, however the request is written, and though its files are gone', async () => {
    const { ports, lose } = portsThatRemember()
    const app = createServer(ports)
    expect(await submit(app, body, 'k')).toEqual([202, 'job-1'])
    lose()
    expect(await submit(app, { sources: body.sources, kb_id: 'handbook' }, 'k')).toEqual([202, 'job-1'])
    expect(ports.asked.submissions).toHaveLength(1)
    expect(await submit(app, body, 'another')).toEqual([422, 'invalid_request'])
  })

  test('with another body, or for another route, is refused', async () => {
    const { ports } = portsThatRemember()
    const app = createServer(ports)
    await submit(app, body, 'k')
    expect(await submit(app, { ...body, priority: 5 }, 'k')).toEqual([422, 'idempotency_key_reused'])
    const start = '/api/ingestion/kb/handbook/start'
    expect(await submit(app, { sources: body.sources }, 'k', start)).toEqual([422, 'idempotency_key_reused'])
    expect(ports.asked.submissions).toHaveLength(1)
  })

  test('that is none is a mistake of the request', async () => {
    const app = createServer(fakePorts())
    expect(await submit(app, body, 'two words')).toEqual([422, 'invalid_request'])
    expect(await submit(app, body, 'x'.repeat(256))).toEqual([422, 'invalid_request'])
  })
})
