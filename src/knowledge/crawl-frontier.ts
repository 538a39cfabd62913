import type { EntityManager } from '@mikro-orm/postgresql'
import type { Pool } from 'pg'
import { CrawlUrlRow } from './entities.ts'

interface Candidate {
  readonly url: string
  readonly kind: 'page' | 'sitemap'
  readonly seed: boolean
  readonly depth: number
  readonly hops: number
  readonly attempt: number
  readonly afterMs: number
  readonly pattern: string | null
  readonly foundOn: string | null
}

interface Settled<State> {
  readonly number: number
  readonly state: State
  readonly textHash: string | null
  readonly error: string | null
}

interface Row<State> {
  readonly number: string
  readonly url: string
  readonly kind: 'page' | 'sitemap'
  readonly seed: boolean
  readonly depth: number
  readonly hops: number
  readonly attempt: number
  readonly found_on: string | null
  readonly due_ms: number
  readonly waits: number
  readonly before: string | null
  readonly before_state: State | null
}

/** The addresses that the crawl of one source of a job knows, in the table `crawl_url`; `State` is what becomes of them. */
export const crawlFrontier = <State extends string>(pool: Pool, jobId: string, sourceIndex: number) => {
  const crawl = [jobId, sourceIndex] as const
  const known = async (condition: string, values: readonly unknown[]) => {
    const { rows } = await pool.query<{ url: string; number: string; state: State }>(
      `select distinct on (url) url, number, state from crawl_url
       where job_id = $1 and source_index = $2 and ${condition} order by url, attempt desc`,
      [...crawl, ...values],
    )
    return rows.map(({ number, ...row }) => ({ ...row, number: Number(number) }))
  }
  return {
    async take(from: number, limit: number) {
      const { rows } = await pool.query<Row<State>>(
        `select u.number, u.url, u.kind, u.seed, u.depth, u.hops, u.attempt, u.found_on, u.waits,
                greatest(0, extract(epoch from u.due_at - now()) * 1000)::float8 as due_ms,
                b.number as before, b.state as before_state
         from crawl_url u left join crawl_url b
           on b.job_id = u.job_id and b.source_index = u.source_index and b.url = u.url and b.attempt = u.attempt - 1
         where u.job_id = $1 and u.source_index = $2 and u.number >= $3 order by u.number limit $4`,
        [...crawl, from, limit],
      )
      return rows.map(({ number, found_on: foundOn, due_ms: dueMs, before, before_state, ...row }) => ({
        ...row,
        ...{ number: Number(number), foundOn, dueMs },
        before: before === null ? null : { number: Number(before), state: before_state! },
      }))
    },

    async lookUp(urls: readonly string[]) {
      const rows = urls.length === 0 ? [] : await known('url = any($3::text[])', [urls])
      return new Map(rows.map(row => [row.url, row]))
    },

    async documentsWith(hashes: readonly string[], below: number) {
      if (hashes.length === 0) return new Map<string, string>()
      const { rows } = await pool.query<{ text_hash: string; url: string }>(
        `select distinct on (text_hash) text_hash, url from crawl_url
         where job_id = $1 and source_index = $2 and text_hash = any($3::text[]) and number < $4
         order by text_hash, number`,
        [...crawl, hashes, below],
      )
      return new Map(rows.map(row => [row.text_hash, row.url]))
    },

    seeds: () => known(`seed and kind = 'page'`, []),

    async settle(
      found: readonly Candidate[],
      settled: readonly Settled<State>[],
      bounds: { readonly pages: number; readonly ofPattern: number },
    ) {
      const counts = await add(pool, crawl, found, bounds)
      await pool.query(
        `update crawl_url u set state = s.state, text_hash = s.text_hash, error = s.error
         from unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) s (number, state, text_hash, error)
         where u.job_id = $1 and u.source_index = $2 and u.number = s.number`,
        [...crawl, ...columns(settled, ['number', 'state', 'textHash', 'error'])],
      )
      return counts
    },

    async waited(number: number) {
      await pool.query(
        'update crawl_url set waits = waits + 1 where job_id = $1 and source_index = $2 and number = $3',
        [...crawl, number],
      )
    },
  }
}

/**
 * What is new gets the next numbers, in the order given. One statement: another process that believes to have this crawl
 * takes no number twice, it fails.
 */
const add = async (
  pool: Pool,
  crawl: readonly [string, number],
  found: readonly Candidate[],
  { pages, ofPattern }: { readonly pages: number; readonly ofPattern: number },
) => {
  const { rows } = await pool.query<{ entries: string; pages: string; alike: string }>(
    `with old as (
       select coalesce(max(number), -1) as last, count(*) filter (where kind = 'page' and attempt = 1) as pages
       from crawl_url where job_id = $1 and source_index = $2
     ), candidate as (
       select distinct on (url, attempt) * from unnest($3::text[], $4::text[], $5::boolean[], $6::int[], $7::int[],
         $8::int[], $9::float8[], $10::text[], $11::text[]) with ordinality
         f (url, kind, seed, depth, hops, attempt, after_ms, pattern, found_on, place)
       order by url, attempt, place
     ), fresh as (
       select c.*, row_number() over (partition by pattern order by place) as nth from candidate c
       where not exists (select from crawl_url k where k.job_id = $1 and k.source_index = $2 and k.url = c.url
         and k.attempt = c.attempt)
     ), apart as (
       select f.*, count(*) filter (where kind = 'page' and attempt = 1) over (order by place) as page from fresh f
       where pattern is null or nth + (select count(*) from crawl_url k
         where k.job_id = $1 and k.source_index = $2 and k.pattern = f.pattern) <= $12
     ), kept as (
       select a.*, row_number() over (order by place) as n from apart a, old
       where kind = 'sitemap' or attempt > 1 or hops > 0 or old.pages + page <= $13
     ), added as (
       insert into crawl_url (job_id, source_index, number, url, kind, seed, depth, hops, attempt, due_at, pattern, found_on)
       select $1, $2, old.last + n, url, kind, seed, depth, hops, attempt, now() + after_ms * interval '1 millisecond',
         pattern, found_on from kept, old
       returning (kind = 'page' and attempt = 1)::int as page
     )
     select old.last + 1 + (select count(*) from added) as entries,
       old.pages + (select coalesce(sum(page), 0) from added) as pages,
       (select count(*) from fresh) - (select count(*) from apart) as alike from old`,
    [
      ...crawl,
      ...columns(found, ['url', 'kind', 'seed', 'depth', 'hops', 'attempt', 'afterMs', 'pattern', 'foundOn']),
      ofPattern,
      pages,
    ],
  )
  const { entries, pages: known, alike } = rows[0]!
  return { entries: Number(entries), pages: Number(known), alike: Number(alike) }
}

const columns = <T>(rows: readonly T[], names: readonly (keyof T)[]): readonly unknown[][] =>
  names.map(name => rows.map(row => row[name]))

/** Deletes the frontiers of jobs that are over: call it when no worker can own a lane of theirs any more. */
export const forgetFrontiers = async (tx: EntityManager, jobIds: readonly string[]): Promise<void> => {
  await tx.nativeDelete(CrawlUrlRow, { jobId: { $in: [...jobIds] } })
}
