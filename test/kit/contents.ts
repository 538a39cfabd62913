import type pg from 'pg'

/** Every visible chunk of a kb with its vector, by what does not depend on the kb's name. */
export const contentsOf = async (database: Pick<pg.Client, 'query'>, kb: string): Promise<string[]> => {
  const {
    rows: [base],
  } = await database.query<{ number: number }>('select number from knowledge_base where id = $1', [kb])
  if (!base) throw new Error(`There is no knowledge base ${kb}.`)
  const { rows } = await database.query<{ line: string }>(
    `select concat_ws(' ', d.uri, c.position, md5(c.text), md5(c.embedding::text)) as line
     from chunks_${base.number} c join document d using (document_id)
     where d.kb_id = $1 and d.active_version = c.version and c.embedding is not null order by line`,
    [kb],
  )
  return rows.map(({ line }) => line)
}
