/** A statement of SQL as a trace tells it. */
export interface QueryText {
  /** Its first word, in capitals. */
  readonly operation: string
  /** The operation and the first table: few enough to group by. */
  readonly summary: string
  /** Without the values that are written in it; the first 4,096 characters. */
  readonly text: string
}

const longestText = 4_096
/** Statements that are remembered; those that are built anew each time would fill the memory. */
const most = 500

const literals = /\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|'(?:[^']|'')*(?:'|$)|(?<![\w$."])\d+(?:\.\d+)?\b/g
const table = /\b(?:from|into|update)\s+(?:only\s+)?"?([a-z_]\w*)(?![\w.(])/i

const seen = new Map<string, QueryText>()

/** Describes a statement; values that stand in its text are told as `?`. */
export const queryText = (sql: string): QueryText => {
  const known = seen.get(sql)
  if (known) return known
  if (seen.size >= most) seen.clear()
  const text = sql.trim().slice(0, longestText).replace(literals, '?')
  const operation = (/^\w+/.exec(text)?.[0] ?? 'query').toUpperCase()
  const [, name] = table.exec(text) ?? []
  const described = { operation, summary: name === undefined ? operation : `${operation} ${name}`, text }
  if (sql.length <= longestText) seen.set(sql, described)
  return described
}
