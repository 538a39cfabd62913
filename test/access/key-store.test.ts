import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeyRing } from '../../src/access/key-ring.ts'
import { createKeys, hasKeys } from '../../src/access/key-store.ts'
import type { KeyPage } from '../../src/access/keys.ts'
import { migrateUp } from '../../src/migrate.ts'
import { databases, type TestDatabase } from '../kit/databases.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

describe.each(databases)('keys on %s', (_, open) => {
  let opened: TestDatabase
  beforeAll(async () => {
    opened = await open()
    await migrateUp(opened.database)
  })
  afterAll(() => opened?.close())
  const ring = (adminKey: string | null = null) => createKeyRing({ em: opened.database.orm.em, adminKey, log: silent })
  const request = { tenant: 'acme', name: 'ci', scopes: ['read', 'ingest'], expires_at: null } as const

  test('are told once, and kept as a digest alone', async () => {
    const keys = createKeys(opened.database.orm.em)
    expect(await hasKeys(opened.database.orm.em)).toBe(false)
    const made = await keys.create(request)
    expect(await hasKeys(opened.database.orm.em)).toBe(true)
    expect(made.secret).toMatch(new RegExp(`^pk_${made.key_id}_[\\w-]{43}$`))
    const { rows } = await opened.database.pool.query('select to_jsonb(k)::text as row from api_key k')
    expect(rows[0].row).toContain(made.key_id)
    expect(rows[0].row).not.toContain(made.secret.slice(made.prefix.length))
    expect(JSON.stringify(await keys.list(null, { limit: 9, after: null }))).not.toContain(made.secret)
    expect(await ring().find(made.secret)).toEqual({ id: made.key_id, tenant: 'acme', scopes: ['read', 'ingest'] })
    expect(await ring().find(`${made.secret}x`)).toBeNull()
  })

  test('are noted when they are used', async () => {
    const keys = createKeys(opened.database.orm.em)
    const { secret, key_id } = await keys.create(request)
    await ring().find(secret)
    const used = async () =>
      (await keys.list('acme', { limit: 500, after: null }))!.keys.find(one => one.key_id === key_id)!.last_used_at !==
      null
    await until('it is noted', used)
  })

  test('that are revoked or have expired are good no more, within seconds where they were known', async () => {
    const keys = createKeys(opened.database.orm.em)
    const { secret, key_id } = await keys.create(request)
    const other = ring()
    expect(await other.find(secret)).not.toBeNull()
    expect(await keys.revoke(key_id, 'globex')).toBe(false)
    expect(await keys.revoke(key_id, 'acme')).toBe(true)
    expect(await ring().find(secret)).toBeNull()
    await until('the other process takes it no more', async () => (await other.find(secret)) === null)
    const expired = await keys.create({ ...request, expires_at: '2020-01-01T00:00:00.000Z' })
    expect(await ring().find(expired.secret)).toBeNull()
  })

  test("that are nobody's cost no question where they cannot be keys, or where only those seen are taken", async () => {
    const { em } = opened.database.orm
    let questions = 0
    const counted = {
      fork: () => ({
        execute: (...of: Parameters<typeof em.execute>) => {
          questions += 1
          return em.fork().execute(...of)
        },
      }),
    } as unknown as typeof em
    const { secret } = await createKeys(em).create(request)
    const other = await createKeys(em).create(request)
    const keys = createKeyRing({ em: counted, adminKey: null, log: silent })
    expect(await keys.find('guessed')).toBeNull()
    expect(await keys.find(other.secret, true)).toBeNull()
    expect(questions).toBe(0)
    const made = Array.from({ length: 10_001 }, (_, n) => `pk_${'0'.repeat(12)}_${String(n).padStart(43, '0')}`)
    expect(await keys.find(secret)).not.toBeNull()
    const before = questions
    await Promise.all(made.map(one => keys.find(one, true)))
    expect(await keys.find(secret, true)).not.toBeNull()
    expect(questions).toBe(before)
  })

  test('are listed page by page, each once, the newest first', async () => {
    const keys = createKeys(opened.database.orm.em)
    const made: string[] = []
    for (let n = 0; n < 5; n++) made.push((await keys.create({ ...request, tenant: 'paged' })).key_id)
    // Of one moment, or of less than a millisecond.
    await opened.database.pool.query(
      `update api_key set created_at = date_trunc('second', now()) + (random() * 2)::int * interval '1 microsecond'
       where tenant = 'paged'`,
    )
    const whole = (await keys.list('paged', { limit: 9, after: null }))!
    expect([whole.next, whole.keys.map(one => one.key_id).sort()]).toEqual([null, made.sort()])
    const found: string[] = []
    let after: string | null = null
    do {
      const page: KeyPage | null = await keys.list('paged', { limit: 2, after })
      found.push(...page!.keys.map(one => one.key_id))
      after = page!.next
    } while (after !== null)
    expect(found).toEqual(whole.keys.map(one => one.key_id))
    expect(await keys.list('acme', { limit: 2, after: made[0]! })).toBeNull()
  })

  test('of the settings are the operator', async () => {
    const secret = 'a-secret-of-more-than-32-characters'
    expect(await ring(secret).find(secret)).toMatchObject({ tenant: 'default', scopes: ['admin'] })
    expect(await ring().find(secret)).toBeNull()
  })
})
