import type { EntityManager } from '@mikro-orm/postgresql'
import type { DeadLetter, DeadLetterFilter, DeadLetterGroup, DeadLetterPage, DeadLetters } from './dead-letters.ts'
import type { StoredInput } from './entities.ts'
import { letters, lettersOf, type Sql, selected, stateOf, uriOf } from './open-letters.ts'
import { planReplay } from './replay-plan.ts'
import { type ReplayOptions, replay } from './replaying.ts'

export interface DeadLetterStoreOptions extends ReplayOptions {
  /** Whose they are; those of all, unless given. */
  readonly tenant?: string
  /** The database as that tenant sees it. */
  readonly own?: EntityManager
}

/** The dead letters of the database. */
export const createDeadLetters = ({ own, tenant, ...options }: DeadLetterStoreOptions): DeadLetters => {
  const theirs = lettersOf(tenant ?? null)
  const fork = () => (own ?? options.em).fork()
  return {
    groups: (jobId, limit) => groups(fork(), theirs, jobId, limit),
    list: (jobId, filter) => list(fork(), theirs, jobId, filter),
    plan: (jobId, selection, edits) => fork().transactional(tx => planReplay(tx, options, jobId, selection, edits)),
    replay: (jobId, request) => replay(options, jobId, request),
    async discard(jobId, selection) {
      const { sql, values } = selected(jobId, selection)
      const found = await fork().execute<{ lane: number }[]>(
        `update dead_letter set discarded_at = now(), input = null, payload = null
         where (lane, position) in (
           select l.lane, l.position from ${letters} where ${sql} and ${theirs.sql} and ${stateOf} = 'open')
         returning lane`,
        [...values, ...theirs.values],
      )
      return found.length
    },
  }
}

const examplesPerGroup = 5

const groups = async (em: EntityManager, theirs: Sql, jobId: string, limit: number): Promise<DeadLetterGroup[]> => {
  const rows = await em.execute<
    { stage: string; code: string; count: string; open: string; uri: string | null; message: string }[]
  >(
    `select stage, code, count, open, uri, message from (
       select l.stage, l.code, ${uriOf} as uri, l.message,
         count(*) over cause as count,
         count(*) filter (where ${stateOf} = 'open') over cause as open,
         row_number() over (cause order by l.lane, l.position) as n
       from ${letters} where l.job_id = ? and ${theirs.sql} window cause as (partition by l.stage, l.code)
     ) causes where n <= ? order by count desc, stage, code, n`,
    [jobId, ...theirs.values, examplesPerGroup],
  )
  const causes = Map.groupBy(rows, ({ stage, code }) => JSON.stringify([stage, code]))
  return [...causes.values()].slice(0, limit).map(cause => ({
    stage: cause[0]!.stage,
    code: cause[0]!.code,
    count: Number(cause[0]!.count),
    open: Number(cause[0]!.open),
    examples: cause.map(({ uri, message }) => ({ uri, message })),
  }))
}

interface Row extends Pick<DeadLetter, 'stage' | 'code' | 'message' | 'attempts' | 'state' | 'replay_job_id' | 'uri'> {
  readonly document_id: string | null
  readonly trace_id: string | null
  readonly input_topic: string
  readonly input_lane: number
  readonly input_offset: string
  readonly input: StoredInput | null
  readonly payload: Buffer | null
  readonly created_at: string
  readonly lane: number
  readonly position: string
}

const list = async (
  em: EntityManager,
  theirs: Sql,
  jobId: string,
  filter: DeadLetterFilter,
): Promise<DeadLetterPage> => {
  const { limit, after, state, document_id, uri, stage, code } = filter
  const { sql, values } = selected(jobId, {
    ...{ stage, code },
    document_ids: document_id === undefined ? undefined : [document_id],
    uris: uri === undefined ? undefined : [uri],
  })
  const [lane, position] = after === null ? [-1, -1] : cursorOf(after)
  const rows = await em.execute<Row[]>(
    `select l.*, ${uriOf} as uri, ${stateOf} as state from ${letters}
     where ${sql} and ${theirs.sql} and (l.lane, l.position) > (?, ?) ${state === undefined ? '' : `and ${stateOf} = ?`}
     order by l.lane, l.position limit ?`,
    [...values, ...theirs.values, lane, position, ...(state === undefined ? [] : [state]), limit + 1],
  )
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    dead_letters: shown.map(shownAs),
    next: rows.length > limit && last ? `${last.lane}-${last.position}` : null,
  }
}

/** A cursor that is none begins after everything: the contract lets only cursors through. */
const cursorOf = (after: string): readonly [number, number] => {
  const [lane, position] = after.split('-').map(Number)
  return [lane ?? 0, position ?? 0]
}

const shownAs = (row: Row): DeadLetter => ({
  stage: row.stage,
  code: row.code,
  message: row.message,
  attempts: row.attempts,
  state: row.state,
  replay_job_id: row.replay_job_id,
  uri: row.uri,
  document_id: row.document_id,
  trace_id: row.trace_id,
  topic: row.input_topic,
  lane: row.input_lane,
  offset: Number(row.input_offset),
  input: row.input,
  payload: row.payload?.toString('base64') ?? null,
  created_at: new Date(row.created_at).toISOString(),
})
