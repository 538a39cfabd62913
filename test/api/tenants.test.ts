import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import type { Route } from '../../src/api/contract/route.ts'
import { routeScopes } from '../../src/api/contract/route-scopes.ts'
import { type CallOf, type RouteName, type Routes, routes } from '../../src/api/contract/routes.ts'
import { scopes } from '../../src/api/contract/scopes.ts'
import { openPostgres } from '../kit/databases.ts'
import { type Belongings, type ClosedApi, furnish, openClosedApi } from '../kit/two-tenants.ts'

/** A body for each route that has one, about what somebody has: a route without one does not compile. */
type Bodies = {
  readonly [N in RouteName as Routes[N] extends { readonly body: z.ZodType } ? N : never]: (
    of: Belongings,
  ) => CallOf<N> extends { readonly body: infer B } ? B : never
}
const upload = { type: 'local_files', uploads: true } as const
const bodies: Bodies = {
  ingest: ({ kb }) => ({ kb_id: kb, sources: [upload] }),
  start: () => ({ sources: [upload] }),
  pause: ({ job }) => ({ job_id: job }),
  resume: ({ job }) => ({ job_id: job }),
  cancel: ({ job }) => ({ job_id: job }),
  retry: ({ job }) => ({ job_id: job }),
  changeKnowledgeBase: () => ({ chunking: { chunk_size: 300 } }),
  search: ({ kb, canary }) => ({ kb_id: kb, query: canary, mode: 'text' }),
  dryRunReplay: () => ({}),
  replayDeadLetters: () => ({}),
  discardDeadLetters: () => ({ select: {} }),
  previewSource: () => ({ source: { type: 'markdown', path: '/etc' } }),
  checkStructured: () => ({ source: { type: 'structured', path: '/etc/passwd', table: 'x' } as never }),
  repair: () => ({ codes: ['applied_left_over'] }),
  repairInstallation: () => ({ codes: ['applied_left_over'] }),
  createKey: ({ tenant }) => ({ name: 'other', scopes: ['read'], tenant }),
}

interface Answer {
  readonly status: number
  readonly code: string | null
  readonly text: string
}

describe('every route', () => {
  let api: ClosedApi
  let acme: Belongings
  let globex: Belongings
  let schedule: ReadonlyMap<string, string>
  beforeAll(async () => {
    api = await openClosedApi(openPostgres)
    acme = await furnish(api, 'acme')
    globex = await furnish(api, 'globex')
    const { rows } = await api.pool.query<{ kb_id: string; id: string }>('select kb_id, id from schedule')
    schedule = new Map(rows.map(({ kb_id, id }) => [kb_id, id]))
  })
  afterAll(() => api?.close())

  /** Calls a route about what `of` has, with a key. */
  const call = async (name: RouteName, of: Belongings, secret: string | null): Promise<Answer> => {
    const route: Route = routes[name]
    const known: Readonly<Record<string, string>> = {
      ...{ kb_id: of.kb, job_id: of.job, table: 'prices', path: `${of.canary}.md`, key_id: of.keyId },
      id: 'c1',
      schedule_id: schedule.get(of.kb) ?? 'none',
    }
    const path = route.path.replace(/\{(\w+)\}/g, (_, param: string) => {
      if (known[param] === undefined) throw new Error(`The walk has no ${param}.`)
      return known[param]
    })
    const body = name in bodies ? bodies[name as keyof Bodies](of) : undefined
    const leave = new AbortController()
    const answer = await fetch(api.url + path, {
      method: route.method,
      headers: {
        ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(route.octets ? { body: 'written by another' } : {}),
      signal: leave.signal,
    })
    if (route.streams && answer.ok) {
      const { value } = await answer.body!.getReader().read()
      leave.abort()
      return { status: answer.status, code: null, text: new TextDecoder().decode(value) }
    }
    const text = await answer.text()
    return { status: answer.status, code: answer.ok ? null : JSON.parse(text).error.code, text }
  }
  const names = Object.keys(routes) as RouteName[]

  /** All that somebody has, as it is stored. */
  const stored = async ({ kb, job, keyId }: Belongings) => {
    const of = async (table: string, column: string, value: string) =>
      (await api.pool.query(`select to_jsonb(t) - 'last_used_at' as row from ${table} t where ${column} = $1`, [value]))
        .rows
    return [
      await of('job', 'kb_id', kb),
      await of('command', 'job_id', job),
      await of('schedule', 'kb_id', kb),
      await of('dead_letter', 'kb_id', kb),
      await of('document', 'kb_id', kb),
      await of('api_key', 'id', keyId),
    ]
  }

  test.each(names)('%s tells and changes nothing of another tenant', async name => {
    const before = await stored(globex)
    const answer = await call(name, globex, acme.secret)
    // What the caller has said itself may come back.
    const says = routes[name].path.includes('{') || name in bodies
    const said = says ? [globex.kb, globex.job, globex.keyId, schedule.get(globex.kb)!] : []
    const told = [...said, ...(routes[name].path.includes('{path}') ? [`${globex.canary}.md`] : [])].reduce(
      (text, id) => text.replaceAll(id, ''),
      answer.text,
    )
    for (const secret of [globex.canary, globex.kb, globex.job, globex.keyId]) expect(told).not.toContain(secret)
    const own = routes[name].path.includes('{') && !name.startsWith('upload')
    if (own) expect(answer.status).toBe(name === 'start' ? 409 : 404)
    expect(await stored(globex)).toEqual(before)
  })

  test('what is told of the own things is what the walk looks for', async () => {
    const told = await Promise.all(
      names
        .filter(name => routes[name].method === 'GET')
        .map(async name => [name, await call(name, acme, acme.secret)] as const),
    )
    const telling = told
      .filter(([, { text }]) => text.includes(acme.canary) || text.includes(acme.kb))
      .map(([name]) => name)
    expect(telling.sort()).toEqual(
      [
        ...[
          'job',
          'jobs',
          'kbStatus',
          'jobEvents',
          'knowledgeBases',
          'knowledgeBase',
          'documents',
          'keys',
          'schedules',
        ],
        ...['tables', 'table', 'tableRows', 'uploads', 'deadLetters', 'deadLetterRecords', 'intake', 'explain'],
      ].sort(),
    )
    expect((await call('search', acme, acme.secret)).text).toContain(acme.canary)
  })

  test('pages of jobs and knowledge bases go on within what the caller has', async () => {
    const pageOf = async (path: string) => {
      const answer = await fetch(api.url + path, { headers: { authorization: `Bearer ${acme.secret}` } })
      return [answer.status, (await answer.json()) as { readonly error?: { readonly message: string } }] as const
    }
    expect(await pageOf('/api/ingestion/jobs?limit=1')).toEqual([
      200,
      { jobs: [expect.objectContaining({ job_id: acme.job })], next: null },
    ])
    expect(await pageOf('/api/knowledge-bases?limit=1')).toEqual([
      200,
      { knowledge_bases: [expect.objectContaining({ kb_id: acme.kb })], next: null },
    ])
    expect(await pageOf(`/api/knowledge-bases?after=${acme.kb}`)).toEqual([200, { knowledge_bases: [], next: null }])
    const [status, refused] = await pageOf(`/api/ingestion/jobs?after=${globex.job}`)
    const [, unheardOf] = await pageOf('/api/ingestion/jobs?after=no-job')
    expect([status, refused.error?.message]).toEqual([422, unheardOf.error?.message ?? 'was answered'])
    const key = { keys: [expect.objectContaining({ key_id: acme.keyId })], next: null }
    expect(await pageOf('/api/keys?limit=1')).toEqual([200, key])
    expect((await pageOf(`/api/keys?after=${globex.keyId}`))[0]).toBe(422)
  })

  test("the letters of INTAKE are shown to whose they are, and discarded by them; nobody's are the operator's", async () => {
    await api.pool.query(
      `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code, message, attempts, uri)
       values (9, 9, 'INTAKE', 'kb-of-nobody', 'intake', 't', 0, 0, 'c', 'm', 1, 'of-nobody')`,
    )
    const { secret } = await api.keys.create({ tenant: 'default', name: 'op', scopes: ['admin'], expires_at: null })
    const ask = async (key: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
      const of = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const answer = await fetch(api.url + path, { headers, ...of })
      return (await answer.json()) as Record<string, unknown> & { readonly dead_letters: { readonly uri: string }[] }
    }
    const letters = '/api/ingestion/jobs/INTAKE/dead-letters'
    const seen = async (key: string) => {
      const { dead_letters } = await ask(key, `${letters}/records?state=open`)
      expect((await ask(key, '/api/intake')).dead_letters).toBe(dead_letters.length)
      return dead_letters.map(({ uri }) => uri)
    }
    expect(await seen(acme.secret)).toEqual([acme.canary])
    expect(await seen(secret)).toEqual(['of-nobody'])
    expect(await ask(acme.secret, letters)).toMatchObject({ groups: [{ count: 1, examples: [{ uri: acme.canary }] }] })
    expect(await ask(acme.secret, `${letters}/discard`, { select: {} })).toMatchObject({ discarded: 1 })
    expect([await seen(acme.secret), await seen(globex.secret), await seen(secret)]).toEqual([
      [],
      [globex.canary],
      ['of-nobody'],
    ])
  })

  test('what INTAKE rejected for a name before it was somebody’s stays the operator’s', async () => {
    const letter = (position: number, uri: string) =>
      api.pool.query(
        `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code, message, attempts, uri)
         values (8, $1, 'INTAKE', 'had-before', 'intake', 't', 0, 0, 'c', 'm', 1, $2)`,
        [position, uri],
      )
    await letter(1, 'of-the-former')
    await api.pool.query(`insert into knowledge_base_owner (kb_id, tenant) values ('had-before', 'initech')`)
    await letter(2, 'of-the-present')
    const seen = async (tenant: string) => {
      const { secret } = await api.keys.create({ tenant, name: 'k', scopes: ['admin'], expires_at: null })
      const path = '/api/ingestion/jobs/INTAKE/dead-letters/records'
      const answer = await fetch(api.url + path, { headers: { authorization: `Bearer ${secret}` } })
      const { dead_letters } = (await answer.json()) as { readonly dead_letters: { readonly uri: string }[] }
      return dead_letters.map(({ uri }) => uri).filter(uri => uri.startsWith('of-the-'))
    }
    expect([await seen('initech'), await seen('default')]).toEqual([['of-the-present'], ['of-the-former']])
  })

  test('what another tenant has sent is in its place, untouched', async () => {
    const { text } = await call('uploads', globex, globex.secret)
    expect(JSON.parse(text).uploads).toEqual([
      expect.objectContaining({ path: `${globex.canary}.md`, bytes: globex.canary.length }),
    ])
  })

  test.each(scopes)('with the scope %s, exactly the routes are open that the table says', async scope => {
    const { secret } = await api.keys.create({ tenant: 'initech', name: scope, scopes: [scope], expires_at: null })
    const nothing: Belongings = { ...acme, tenant: 'initech', kb: 'kb-of-initech', job: 'none', keyId: 'none' }
    for (const name of names) {
      const { status, code } = await call(name, nothing, secret)
      const needed = routeScopes[name]
      const allowed = needed === 'open' || needed === scope || scope === 'admin'
      expect([name, code === 'scope_missing', status === 401]).toEqual([name, !allowed, false])
    }
  })

  test('without a key only those are open that machines ask', async () => {
    const open = []
    for (const name of names) if ((await call(name, acme, null)).status !== 401) open.push(name)
    expect(open).toEqual(['health', 'readiness', 'openapi'])
  })
})
