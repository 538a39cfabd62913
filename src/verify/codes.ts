/** `error`: what readers see, or what a job goes by, is wrong. `warning`: nobody is the worse for it yet. */
export type Severity = 'error' | 'warning'

interface CodeSpec {
  readonly severity: Severity
  /** What `repair` does about it, none of which changes what a reader sees; null where nothing is safe. */
  readonly repair: string | null
  /** What people can do about it. */
  readonly advice: string
}

const mark = 'mark the document, so that the next run makes it anew although it is unchanged'
const ingest = 'Repair marks the document; then ingest its source again (penstock ingest SOURCE --kb KB).'
const again = 'Ingest the sources again (penstock ingest SOURCE --kb KB): the next run starts from what is stored.'
const offsets =
  'Records were lost or the offsets of a group were reset, and the job would lose documents: cancel it and ingest again.'
const restart =
  'Restart the coordinator: it compares `control` with the database when it takes over, and tells it anew.'

const error = (advice: string, repair: string | null = null): CodeSpec => ({ severity: 'error', repair, advice })
const warning = (advice: string, repair: string | null = null): CodeSpec => ({ severity: 'warning', repair, advice })

/** THE TABLE: every difference that can be found. `docs/VERIFY.md` explains each; a test holds the page against it. */
export const codes = {
  table_missing: error('Restore the table from a backup, or ingest into another knowledge base.'),
  table_shape: error(
    'Somebody has changed the table: restore it from a backup, or ingest into another knowledge base.',
  ),
  index_missing: warning('Searches are slow without it; repair builds it.', 'build the index'),
  vector_index_missing: warning('Searches are slow without it; the next run that completes builds it.'),

  chunk_count: error(ingest, mark),
  position_gap: error(ingest, mark),
  vector_missing: error(ingest, mark),
  vector_zero: error(ingest, mark),
  text_missing: error(ingest, mark),
  stub_count: warning('Repair counts the stubs anew.', 'count the stubs of the document anew'),
  stub_unaccounted: warning(
    'The next run of its source tries the document again: documents with stubs are never skipped.',
  ),
  version_ahead: error(
    'No later run can replace the document before the run numbers have come so far: restore the row from a backup.',
  ),
  version_left_over: warning(
    'No reader sees these rows; repair drops them.',
    'drop the rows of the version, which no reader sees',
  ),
  version_unnoted: warning(
    'Without the note the rows would stay when a newer version replaces them; repair notes the version.',
    'note the version, so that it is pruned when it is replaced',
  ),

  table_rows: error(again),
  table_view: error(again),
  load_left_over: warning('No reader sees these rows; repair drops them.', 'drop the rows of the load'),

  job_status: error(
    'The job is listed under another status than it is in: report it, and restore the row from a backup.',
  ),
  phase_incomplete: error(again),
  phase_counts: error(again),
  dead_letters_differ: error(
    'See penstock dead-letters JOB for those that are known; ingesting again names the others.',
  ),
  run_incomplete: error(again),

  applied_left_over: warning('Nobody reads the row any more; repair deletes it.', 'delete the row'),
  applied_behind: error(offsets),
  applied_past_end: error(offsets),
  offset_behind: error(offsets),
  offset_past_end: error(offsets),
  records_gone: error(offsets),

  lane_held: error('No other job gets the lane: free it by a restart of the coordinator, or report it.'),
  lane_lost: error('Records of the job in the lane will not be worked on: cancel the job and ingest again.'),
  control_differs: error(restart),

  position_lost: error(
    'The topic was made anew or records expired unread: restore Kafka, or begin with an empty database.',
  ),
  other_cluster: error('Point KAFKA_BROKERS at the cluster that this database was used with.'),
  table_orphan: warning('Nothing reads it. Where it holds nothing you miss, drop it: DROP TABLE with its name.'),
} as const satisfies Readonly<Record<string, CodeSpec>>

export type Code = keyof typeof codes

export const codeNames = Object.keys(codes) as [Code, ...Code[]]
