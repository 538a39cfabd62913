import { context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KnowledgeBaseRow } from '../../src/knowledge/entities.ts'
import { inTransaction, snapshot } from '../../src/knowledge/transaction.ts'
import { migrateUp } from '../../src/migrate.ts'
import { tracer, within } from '../../src/telemetry/spans.ts'
import { databases, type TestDatabase } from '../kit/databases.ts'
import { until } from '../kit/until.ts'
import { useCollected } from '../telemetry/collected.ts'

const collected = useCollected()

describe.each(databases)('queries on %s', (kind, open) => {
  let opened: TestDatabase
  beforeAll(async () => {
    opened = await open()
    await migrateUp(opened.database)
  })
  afterAll(() => opened?.close())
  const fork = () => opened.database.orm.em.fork()

  /** Spans below that of the work, once it is sent. */
  const inside = async (name: string, work: (span: Span) => Promise<unknown>) => {
    const span = tracer.startSpan(`${name} on ${kind}`)
    await within(span, ROOT_CONTEXT, () => work(span)).catch(() => undefined)
    const { spanId, traceId } = span.spanContext()
    await until('the span', () => collected.spans.find(one => one.spanId === spanId))
    return collected.spans.filter(one => one.traceId === traceId && one.spanId !== spanId)
  }

  test('a statement on the pool has a span with its text and without its values', async () => {
    const spans = await inside('a statement', () =>
      opened.database.pool.query(`select id from knowledge_base where id = $1 and id <> 'canary-literal'`, ['canary']),
    )
    expect(spans).toMatchObject([
      {
        name: 'SELECT knowledge_base',
        failed: false,
        attributes: {
          'db.system.name': 'postgresql',
          'db.operation.name': 'SELECT',
          'db.query.summary': 'SELECT knowledge_base',
          'db.query.text': 'select id from knowledge_base where id = $1 and id <> ?',
        },
      },
    ])
    expect(JSON.stringify(spans)).not.toContain('canary')
  })

  test('a statement of the ORM has one too', async () => {
    const spans = await inside('the ORM', async () => {
      await fork().find(KnowledgeBaseRow, { id: 'canary' })
      await fork().execute('select 1 from knowledge_base where id = ?', ['canary'])
    })
    expect(spans.map(({ name }) => name)).toEqual(['SELECT knowledge_base', 'SELECT knowledge_base'])
    expect(spans[0]!.attributes['db.query.text']).toContain('"id" = ?')
    expect(JSON.stringify(spans)).not.toContain('canary')
  })

  test('a transaction has one span for all of its statements and savepoints', async () => {
    const ofOrm = await inside('a transaction of the ORM', () =>
      fork().transactional(async tx => {
        await tx.find(KnowledgeBaseRow, {})
        await tx.transactional(inner => inner.execute('select 1'))
      }),
    )
    const ofPool = await inside('a transaction of the pool', () =>
      inTransaction(opened.database.pool, snapshot, client => client.query('select 1')),
    )
    for (const spans of [ofOrm, ofPool])
      expect(spans).toMatchObject([
        { name: 'postgresql transaction', attributes: { 'db.system.name': 'postgresql' }, failed: false },
      ])
  })

  test('a statement that fails says so with its code', async () => {
    const spans = await inside('an error', () => opened.database.pool.query('select nothing from nowhere'))
    expect(spans).toMatchObject([{ failed: true, attributes: { 'error.type': '42P01' } }])
  })

  test('what waits for a connection is below the work that asked, whoever gives the connection back', async () => {
    const spans = await inside('many', async () => {
      await Promise.all(Array.from({ length: 20 }, () => opened.database.pool.query('select 1 as many')))
    })
    expect(spans).toHaveLength(20)
  })

  test('no span is made without an active one, nor below one that has ended, nor below one that records nothing', async () => {
    const before = collected.spans.length
    await opened.database.pool.query('select 1 as orphan')
    await fork().execute('select 1 as orphan')
    let loop = Promise.resolve()
    const spans = await inside('a loop begun by a request', async span => {
      loop = context.with(context.active(), async () => {
        await until('the end of the request', () => !span.isRecording())
        await opened.database.pool.query('select 1 as orphan')
      })
    })
    await loop
    const silent = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 })
    await context.with(trace.setSpan(ROOT_CONTEXT, silent), () => opened.database.pool.query('select 1 as orphan'))
    await inside('the last', () => opened.database.pool.query('select 1'))
    expect(spans).toEqual([])
    expect(JSON.stringify(collected.spans.slice(before))).not.toContain('orphan')
  })
})
