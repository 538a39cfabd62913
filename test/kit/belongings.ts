import type { EntityManager } from '@mikro-orm/postgresql'
import { loadTable, schemaOf } from '../../src/knowledge/tables.ts'

/** Puts rows of a knowledge base, and of a job of it, into every table that can have some; none that is there is changed. */
export const plantBelongings = async (em: EntityManager, kb: string, job: string): Promise<number> => {
  const sql = async <T = unknown>(text: string, values: readonly (string | number)[] = []) =>
    (await em.fork().execute(text, [...values])) as T[]
  const [base] = await sql<{ number: number }>('select number from knowledge_base where id = ?', [kb])
  const { number } = base!
  await sql(
    `insert into document (kb_id, document_id, source, uri, title, media_type, active_version, content_hash, settings_hash, chunks)
     values (?, 'd1', 's', 'u', 't', 'text/plain', 1, 'h', 'h', 1)`,
    [kb],
  )
  await sql(
    `insert into chunks_${number} (document_id, version, position, chunk_id, start_offset, tokens, headings, text)
     values ('d1', 1, 0, 'c1', 0, 1, '', ?)`,
    [kb],
  )
  await sql(`insert into document_version (kb_id, document_id, version) values (?, 'd1', 1)`, [kb])
  await sql(`insert into seen (kb_id, run, document_id, source) values (?, 1, 'd1', 's')`, [kb])
  await sql(`insert into source_listing (kb_id, run, source_index, source, known) values (?, 1, 0, 's', 0)`, [kb])
  await sql(
    `insert into page_validator (kb_id, document_id, content_hash, revision, text_hash, links) values (?, 'd1', 'h', 1, 'h', '[]')`,
    [kb],
  )
  await sql(
    `insert into schedule (kb_id, id, source, spec, refresh, parallelism, priority, next_at, last_job_id)
     values (?, 'one', 's', '{}', '{}', 1, 0, 'infinity', ?)`,
    [kb, job],
  )
  for (const [lane, of] of [
    [0, job],
    [1, 'INTAKE'],
  ] as const)
    await sql(
      `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code, message, attempts, replay_job_id)
       values (?, ?, ?, ?, 'loading', 't', 0, 0, 'c', 'm', 1, ?)`,
      [lane, 1_000_000 + number, of, kb, job],
    )
  await sql(
    `insert into parked_event (partition, position, kb_id, key, value, headers, at, bytes) values (0, ?, ?, 'k', '', '{}', 0, 1)`,
    [number, kb],
  )
  await sql(
    `insert into intake_partition (partition, fence, held_kb, held_since) values (0, 1, ?, now()) on conflict do nothing`,
    [kb],
  )
  await sql(`insert into applied (job_id, stage, lane) values (?, 'indexing', 99)`, [job])
  await sql(
    `insert into crawl_url (job_id, source_index, number, url, kind, seed, depth, hops, attempt, due_at)
     values (?, 0, 0, 'u', 'page', true, 0, 0, 1, now())`,
    [job],
  )
  await sql(
    `insert into replay_document (job_id, source_index, number, document_id, uri) values (?, 0, 0, 'd1', 'u')`,
    [job],
  )
  await sql(`insert into submission_key (tenant, key, digest, job_id) values ('default', ?, 'd', ?)`, [kb, job])
  const [load] = await sql<{ id: string }>(
    `insert into table_load (kb_id, name, run, job_id, source, columns) values (?, 'prices', 1, ?, 's', '[]') returning id`,
    [kb, job],
  )
  await sql(`insert into table_load_lane (load_id, lane, rows, refused) values (?, 0, 1, 0)`, [load!.id])
  await sql(`insert into loaded_table (kb_id, name, load_id, rows, refused) values (?, 'prices', ?, 1, 0)`, [
    kb,
    load!.id,
  ])
  await sql(`create schema ${schemaOf(number)}`)
  await sql(`create table ${loadTable(number, load!.id)} (word text)`)
  await sql(`insert into ${loadTable(number, load!.id)} values (?)`, [kb])
  await sql(`create view ${schemaOf(number)}.prices as select word from ${loadTable(number, load!.id)}`)
  return number
}

/** Every table and view, in all schemas of the database, to how many of its rows have one of these words. */
export const rowsWith = async (em: EntityManager, words: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const tables = await em.fork().execute<{ name: string }[]>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema not in ('pg_catalog', 'information_schema') order by 1`,
  )
  const found = new Map<string, number>()
  for (const { name } of tables) {
    const pattern = words.map(word => `%${word}%`)
    const [row] = await em
      .fork()
      .execute<{ rows: string }[]>(
        `select count(*) as rows from ${name} t where to_jsonb(t)::text like any(array[${pattern.map(() => '?').join(', ')}])`,
        pattern,
      )
    found.set(name, Number(row!.rows))
  }
  return found
}

/** Tables with a column that names a knowledge base or a job. */
export const tablesOfBases = async (em: EntityManager): Promise<readonly string[]> => {
  const rows = await em.fork().execute<{ name: string }[]>(
    `select distinct format('%I.%I', c.table_schema, c.table_name) as name
     from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where t.table_type = 'BASE TABLE' and c.table_schema = 'public' and c.column_name ~ '(^|_)(kb|job)(_id)?$' order by 1`,
  )
  return rows.map(({ name }) => name)
}
