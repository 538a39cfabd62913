/**
 * The template of the tables `chunks_<number>`, one a knowledge base: a column of type `halfvec(d)` has one dimension.
 * Only the key and the lookup by chunk are there from the start; the search indexes come after the first load.
 */

export const chunkTable = (number: number): string => `chunks_${number}`

/** The names of its indexes, by what they find. */
export const indexNames = (number: number) => {
  const table = chunkTable(number)
  return {
    key: `${table}_pkey`,
    chunk: `${table}_chunk`,
    text: `${table}_search`,
    vectors: `${table}_vectors`,
  } as const
}

/** Characters of a chunk that full-text search sees: a `tsvector` has a limit of 1 MB. */
const searchedCharacters = 200_000

/** Most dimensions that an HNSW index of `halfvec` can hold. */
export const maxIndexedDimensions = 4_000

/**
 * Headings weigh more than the text. 'english' rather than 'simple': it finds `indexes` by `index` and drops words that
 * are everywhere, and words of other languages pass through it nearly as they are.
 */
export const createChunkTable = (number: number, dimensions: number): readonly string[] => [
  `create table ${chunkTable(number)} (
    document_id text collate "C" not null,
    version bigint not null,
    position bigint not null,
    chunk_id text collate "C" not null,
    start_offset bigint not null,
    tokens int not null,
    headings text not null,
    text text not null,
    embedding halfvec(${dimensions}),
    search tsvector generated always as (
      setweight(to_tsvector('english', left(headings, ${searchedCharacters})), 'B') ||
      setweight(to_tsvector('english', left(text, ${searchedCharacters})), 'D')
    ) stored,
    primary key (document_id, version, position)
  )`,
  chunkIndex(number),
]

/** What finds the rows of a chunk by its id. */
export const chunkIndex = (number: number): string =>
  `create index if not exists ${indexNames(number).chunk} on ${chunkTable(number)} (chunk_id)`

/** What finds chunks by their words; made after the first load. */
export const textIndex = (number: number): string =>
  `create index if not exists ${indexNames(number).text} on ${chunkTable(number)} using gin (search)`

/** What finds chunks by their vectors, where exact search is no longer quick. */
export const vectorIndex = (number: number): string =>
  `create index if not exists ${indexNames(number).vectors} on ${chunkTable(number)} using hnsw (embedding halfvec_cosine_ops)`
