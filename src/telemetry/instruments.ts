/**
 * EVERY INSTRUMENT, named once: what `/metrics` exposes, docs/OBSERVABILITY.md lists and the dashboards may ask for. Units
 * are in the names. A counter begins at 0 with its process; rates over restarts are Prometheus' own business.
 */
import { embeddingBuckets, jobBuckets, requestBuckets, sliceBuckets } from './buckets.ts'
import { counter, gauge, histogram } from './instrument.ts'

export const instruments = {
  jobs: counter('admission', 'ingestion_jobs_total', 'Jobs that were admitted.', ['kb_id', 'source_type']),
  jobSeconds: histogram(
    'coordinator',
    'ingestion_jobs_duration_seconds',
    'From the start of a job to its end, or to its failure; a retried job is counted again.',
    ['kb_id', 'status'],
    jobBuckets,
  ),
  jobsActive: gauge('coordinator', 'ingestion_jobs_active', 'Jobs that are running.'),
  jobsPaused: gauge('coordinator', 'ingestion_jobs_paused', 'Jobs that are paused whole.'),
  jobsFailed: gauge(
    'coordinator',
    'ingestion_jobs_failed',
    'Jobs that failed, until they are retried or cancelled, or another takes their lanes.',
  ),
  queueDepth: gauge('coordinator', 'ingestion_queue_depth', 'Jobs that wait for their turn.'),
  jobSilence: gauge(
    'coordinator',
    'ingestion_jobs_silence_seconds',
    'Since the last progress of the running job, streams and held jobs left out, that has been silent longest; by the first stage that it has not passed.',
    ['stage'],
  ),
  coordinatorActive: gauge(
    'coordinator',
    'ingestion_coordinator_active',
    '1 in the coordinator that holds the lease, 0 in one that stands by.',
  ),
  documents: counter(
    'stages',
    'ingestion_documents_processed_total',
    'Documents that a stage has passed on, committed; of LOADING those it found, unchanged ones included.',
    ['kb_id', 'stage'],
  ),
  chunksCreated: counter('stages', 'ingestion_chunks_created_total', 'Chunks that CHUNKING has made, committed.', [
    'kb_id',
  ]),
  embeddings: counter(
    'stages',
    'ingestion_embeddings_generated_total',
    'Chunks that got a vector, committed; chunks that the provider refused are none.',
    ['kb_id', 'model'],
  ),
  chunks: counter('stages', 'chunks_processed_total', 'Chunks that a stage took in, committed.', ['stage']),
  sliceSeconds: histogram(
    'stages',
    'batch_processing_duration_seconds',
    'From taking a slice to having committed it.',
    ['stage'],
    sliceBuckets,
  ),
  extractionErrors: counter(
    'stages',
    'extraction_errors_total',
    'Documents, and pieces of them, that LOADING could not read, committed as dead letters.',
    ['code'],
  ),
  deadLetters: counter('line', 'ingestion_dead_letters_total', 'Rejects, committed as dead letters.', [
    'stage',
    'code',
  ]),
  deadLettersOpen: gauge(
    'coordinator',
    'ingestion_dead_letters_open',
    'Dead letters that were neither replayed nor discarded.',
    ['stage'],
  ),
  retries: counter(
    'line',
    'ingestion_retries_total',
    'Slices that are tried again: kind `retry` burns an attempt, `wait` does not. Of INTAKE takeovers after an error, without end.',
    ['stage', 'kind'],
  ),
  phaseFailures: counter('stages', 'ingestion_phase_failures_total', 'Failures that hold a job.', ['stage', 'code']),
  lag: gauge(
    'coordinator',
    'ingestion_lag_records',
    'Offsets that a stage has not committed in a lane of an unfinished job, or INTAKE in a partition of upstream.documents; the markers between transactions count.',
    ['stage', 'lane'],
  ),
  oldestAge: gauge(
    'coordinator',
    'ingestion_oldest_age_seconds',
    'How long the next record of such a lane or partition has been waiting, as far as this coordinator has seen it.',
    ['stage', 'lane'],
  ),
  laneHeld: gauge(
    'coordinator',
    'ingestion_lane_held',
    '1 where a stage holds a lane of an unfinished job: paused, failed, cancelling or pressed; else 0, as for INTAKE always.',
    ['stage', 'lane'],
  ),
  stageWorkers: gauge(
    'coordinator',
    'ingestion_stage_workers',
    'Processes that own lanes of a stage which unfinished jobs need, and of INTAKE for streams and unread events; 0 where there is none.',
    ['stage'],
  ),
  providerSeconds: histogram(
    'embedding',
    'ingestion_embedding_duration_seconds',
    'One request to the model and its answer; of the hashing model one call.',
    ['model'],
    embeddingBuckets,
  ),
  providerRequests: counter(
    'embedding',
    'ingestion_embedding_requests_total',
    'Requests to the model: outcome `ok`, or the code of the error.',
    ['model', 'outcome'],
  ),
  providerTokens: counter(
    'embedding',
    'ingestion_embedding_tokens_total',
    'Tokens that the provider says it has taken.',
    ['model'],
  ),
  providerCost: counter(
    'embedding',
    'ingestion_embedding_cost_total',
    'What these tokens cost, in the currency of PENSTOCK_EMBEDDING_PRICE; nothing unless it is set.',
    ['model'],
  ),
  breaker: gauge(
    'embedding',
    'ingestion_breaker_state',
    'Of the worst provider of a model: 0 it is asked, 1 the next request tries it, 2 it is left alone.',
    ['model'],
  ),
  apiRequests: counter('api', 'api_requests_total', 'Requests that were answered.', ['method', 'route', 'status']),
  apiSeconds: histogram(
    'api',
    'api_request_duration_seconds',
    'From the head of a request to the end of its answer.',
    ['method', 'route'],
    requestBuckets,
  ),
  pool: gauge('all', 'database_pool_connections', 'Connections to the database: `used` or `idle`.', ['state']),
  poolWaiting: gauge('all', 'database_pool_waiting', 'Statements that wait for a connection.'),
  poolMax: gauge('all', 'database_pool_max', 'Connections that the pool may open.'),
  diskFree: gauge(
    'all',
    'data_folder_free_bytes',
    'Free on the disk of a folder, `data` or `uploads`, for who may write there.',
    ['folder'],
  ),
  diskSize: gauge('all', 'data_folder_size_bytes', 'Size of the disk of a folder, `data` or `uploads`.', ['folder']),
  info: gauge('all', 'penstock_info', 'Always 1; the labels tell what the process is.', ['version', 'roles']),
  spansLost: counter('all', 'penstock_spans_lost_total', 'Spans that were dropped; 0 where nothing is traced.'),
  collectErrors: counter(
    'all',
    'metrics_collect_errors_total',
    'Looks for the values of a gauge that failed or came too late; it is left out then.',
    ['metric'],
  ),
} as const

/**
 * Values of a label that a process tells apart, the first that come; later ones are counted as `other`. Labels that are
 * not here have values of which there are few by themselves: stages, lanes, routes, statuses.
 */
export const bounds: Readonly<Record<string, number>> = { kb_id: 100, model: 20, code: 100, outcome: 50 }
