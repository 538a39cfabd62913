/**
 * What row-level security costs a search: the same queries are asked of one knowledge base by turns as the owner of the tables
 * sees it, and as its tenant does, among knowledge bases of other tenants. Each has the index of words and of vectors.
 *
 *     npm run bench:tenants -- [--tenants 20] [--documents 5000] [--chunks 50000] [--rounds 200]
 *
 * Prints the median time of a search and the ratio of the medians, by mode. `--documents` and `--chunks` are those of the
 * knowledge base that is searched; each of the others has a tenth.
 */
import { parseArgs } from 'node:util'
import { openDatabase } from '../src/database.ts'
import { knowledgeBases } from '../src/knowledge/catalogue.ts'
import { buildIndexes } from '../src/knowledge/chunk-indexes.ts'
import { chunkTable } from '../src/knowledge/chunk-table.ts'
import type { SearchQuery } from '../src/knowledge/knowledge-base.ts'
import { search } from '../src/knowledge/search.ts'
import { storedBase } from '../src/knowledge/settings.ts'
import { owners, snapshotOf } from '../src/knowledge/tenancy.ts'
import { snapshot } from '../src/knowledge/transaction.ts'
import { migrateUp } from '../src/migrate.ts'
import { silent } from '../test/kit/log.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'

const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '20' },
    documents: { type: 'string', default: '5000' },
    chunks: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '200' },
  },
})
const [tenants, documents, chunks, rounds] = [
  Number(values.tenants),
  Number(values.documents),
  Number(values.chunks),
  Number(values.rounds),
]
const dimensions = 64
const words = 2_000

const postgres = await startTestPostgres()
const { url, drop } = await testDatabase(postgres.url)
const database = await openDatabase({ url, poolMax: 8, log: silent })
const { pool, orm } = database

/** A knowledge base of a tenant of the same name, filled by SQL. */
const fill = async (tenant: string, documentCount: number, chunkCount: number) => {
  await orm.em.fork().transactional(async tx => {
    await owners.claim(tx, tenant, tenant)
    await knowledgeBases.create(tx, {
      kb_id: tenant,
      embedding: { provider: 'hashing', model: 'bench', dimensions },
      chunking: { strategy: 'markdown', chunk_size: 400, chunk_overlap: 40 },
    })
  })
  const kb = await storedBase(pool, tenant)
  await pool.query(
    `insert into document (kb_id, document_id, source, uri, title, media_type, content_hash, settings_hash, chunks, active_version)
     select $1, 'd' || i, 'files', 'file:///' || i || '.md', 'Title ' || i, 'text/markdown', md5(i::text), '', 10, 1
     from generate_series(1, $2::int) i`,
    [tenant, documentCount],
  )
  await pool.query(
    `insert into ${chunkTable(kb.number)} (document_id, version, position, chunk_id, start_offset, tokens, headings, text, embedding)
     select 'd' || 1 + i % $1::int, 1, i, md5(i::text), 0, 20, '',
       (select string_agg('word' || (random() * ${words})::int, ' ') from generate_series(1, 20 + i * 0)),
       (select array_agg(random() - 0.5) from generate_series(1, ${dimensions} + i * 0))::halfvec(${dimensions})
     from generate_series(1, $2::int) i`,
    [documentCount, chunkCount],
  )
  await buildIndexes({ pool, embedded: false, indexFrom: 20_000 }, kb, new AbortController().signal)
}

const queryOf = (mode: SearchQuery['mode'], round: number): SearchQuery => ({
  kb: 'tenant-0',
  mode,
  text: `word${(round * 7) % words} word${(round * 13) % words}`,
  vector: Float32Array.from({ length: dimensions }, () => Math.random() - 0.5),
  topK: 10,
  filters: {},
})
const median = (times: number[]): number => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!

try {
  await migrateUp(database)
  for (let i = 0; i < tenants; i++) await fill(`tenant-${i}`, i ? documents / 10 : documents, i ? chunks / 10 : chunks)
  await pool.query('analyze')
  for (const mode of ['text', 'vector', 'hybrid'] as const) {
    const times: Record<'owner' | 'tenant', number[]> = { owner: [], tenant: [] }
    for (let round = -20; round < rounds; round++) {
      const query = queryOf(mode, round + 20)
      const ways = [
        ['owner', snapshot],
        ['tenant', snapshotOf('tenant-0')],
      ] as const
      const hits: number[] = []
      for (const [who, begin] of round % 2 === 0 ? ways : ways.toReversed()) {
        const began = performance.now()
        hits.push((await search(pool, query, begin)).length)
        if (round >= 0) times[who].push(performance.now() - began)
      }
      if (hits[0] !== hits[1]) throw new Error(`${mode}: ${hits.join(' and ')} hits are not the same.`)
    }
    const [owner, tenant] = [median(times.owner), median(times.tenant)]
    console.log(
      `${mode.padEnd(7)} ${owner.toFixed(2)} ms as the owner, ${tenant.toFixed(2)} ms as a tenant: ${(tenant / owner).toFixed(2)}`,
    )
  }
} finally {
  await database.close()
  await drop()
  await postgres.stop()
}
