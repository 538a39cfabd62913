import { expect, test } from 'vitest'
import { queryText } from '../../src/telemetry/query-text.ts'

test.each([
  [`select * from "job" as "j0" where "j0"."id" = ?`, 'SELECT job'],
  ['select greatest(0, extract(epoch from u.due_at - now())) from crawl_url u where u.job_id = $1', 'SELECT crawl_url'],
  ['with old as (select max(number) from crawl_url) insert into other select 1', 'WITH crawl_url'],
  ['update crawl_url u set state = s.state from unnest($3::bigint[]) s (number)', 'UPDATE crawl_url'],
  ['insert into lane (lane) select generate_series(?, 9) on conflict do nothing', 'INSERT lane'],
  ['delete from only submission_key', 'DELETE submission_key'],
  ['\n  analyze chunk_12', 'ANALYZE'],
  ['(select 1)', 'QUERY'],
])('%s is named after its operation and its first table', (sql, summary) => {
  expect(queryText(sql).summary).toBe(summary)
  expect(queryText(sql).operation).toBe(summary.split(' ')[0])
})

test('values that stand in a statement are not told, whatever quotes they have', () => {
  const sql = `select 'it''s a canary' , $tag$canary$tag$, $$canary$$, 42, 1.5 from chunk_12 where a = $1 and "b2" = 7`
  expect(queryText(sql).text).toBe('select ? , ?, ?, ?, ? from chunk_12 where a = $1 and "b2" = ?')
})

test('a statement that is cut short tells nothing of the value in which it was cut', () => {
  const { text } = queryText(`select '${'canary '.repeat(1_000)}'`)
  expect(text).toBe('select ?')
  expect(queryText(`select ${'a, '.repeat(3_000)} b`).text).toHaveLength(4_096)
})

test('statements that are built anew each time do not mix', () => {
  for (let n = 0; n < 1_200; n++) expect(queryText(`select a from t${n}`).summary).toBe(`SELECT t${n}`)
})
