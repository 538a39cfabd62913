import { z } from 'zod'
import { accessSettings } from './access-settings.ts'
import { setting, unset } from './define.ts'
import { fetchSettings } from './fetch-settings.ts'
import { metricsSettings } from './metrics-settings.ts'
import { databaseSettings, kafkaSettings, registrySettings } from './part-settings.ts'
import { sourceSettings } from './source-settings.ts'
import { traceSettings } from './trace-settings.ts'
import { decimal, file, hostName, integer, oneOf, path, text, url } from './values.ts'

/**
 * EVERY SETTING: defaults, documentation and validation. In `penstock.yaml` a setting is found by its path here, in
 * snake_case; in the environment by its variable; as a flag by that variable's name without PENSTOCK_, in kebab-case.
 */
export const schema = z.object({
  dataDir: setting('PENSTOCK_DATA_DIR', path().default('./.penstock'), 'Where the embedded parts keep their data.'),
  cacheDir: setting('PENSTOCK_CACHE_DIR', path(), 'Downloaded programs, shared by all data folders of a user.'),
  api: z.object({
    host: setting('PENSTOCK_HOST', hostName().default('127.0.0.1'), 'The address the API listens on.'),
    port: setting('PENSTOCK_PORT', integer(0, 65535).default(7400), 'The port the API listens on; 0 takes a free one.'),
    url: setting('PENSTOCK_URL', url(['http:', 'https:'], 'no password'), 'Where the command line finds the API.'),
    key: setting('PENSTOCK_API_KEY', text().nullable().default(unset), 'The key that the command line shows it.', true),
    keyFile: setting('PENSTOCK_API_KEY_FILE', file(), 'A file that holds it, instead.'),
  }),
  access: accessSettings,
  kafka: kafkaSettings,
  registry: registrySettings,
  database: databaseSettings,
  openai: z.object({
    baseUrl: setting(
      'OPENAI_BASE_URL',
      url(['http:', 'https:'], 'no password').default('https://api.openai.com/v1'),
      'An OpenAI-compatible provider of embeddings.',
    ),
    apiKey: setting('OPENAI_API_KEY', text().nullable().default(unset), 'The key for it, where it wants one.', true),
    apiKeyFile: setting('OPENAI_API_KEY_FILE', file(), 'A file that holds it, instead.'),
  }),
  embedding: z.object({
    concurrency: setting(
      'PENSTOCK_EMBEDDING_CONCURRENCY',
      integer(1, 256).default(4),
      'Requests in flight at once to the embedding provider, a lane.',
    ),
    batch: setting('PENSTOCK_EMBEDDING_BATCH', integer(1, 2048).default(128), 'Texts in one such request, at most.'),
    timeoutMs: setting(
      'PENSTOCK_EMBEDDING_TIMEOUT_MS',
      integer(100, 600_000).default(60_000),
      'From sending such a request to its whole answer, in ms.',
    ),
    price: setting(
      'PENSTOCK_EMBEDDING_PRICE',
      decimal(0, 1_000_000).optional(),
      'What a million tokens cost, in your currency, for the metric of costs; without it there is none.',
    ),
  }),
  jobs: z.object({
    lanes: setting(
      'PENSTOCK_LANES',
      integer(1, 1024).default(16),
      'Partitions of every stage topic: the bound on unfinished jobs and on workers of a stage. May grow, never shrink.',
    ),
    parallelism: setting('PENSTOCK_PARALLELISM', integer(1, 1024).default(2), 'Lanes of a job that does not say.'),
    concurrency: setting('PENSTOCK_CONCURRENCY', integer(1, 1024).default(4), 'Jobs that run at once.'),
    queueDepth: setting('PENSTOCK_QUEUE_DEPTH', integer(0, 100_000).default(100), 'Jobs that may wait for their turn.'),
    deleteGuard: setting(
      'PENSTOCK_DELETE_GUARD',
      integer(0, 100).default(20),
      'Per cent of the documents of a source that a run may sweep because the source has them no more.',
    ),
  }),
  stages: z.object({
    slicesAtOnce: setting(
      'PENSTOCK_SLICES_AT_ONCE',
      integer(1, 1024).default(4),
      'Slices that a process works at once in each of its stages; jobs take turns for them.',
    ),
  }),
  sources: sourceSettings,
  fetch: fetchSettings,
  upstream: z.object({
    partitions: setting(
      'PENSTOCK_UPSTREAM_PARTITIONS',
      integer(1, 1024).default(4),
      'Partitions of upstream.documents: the bound on workers of INTAKE. May grow, never shrink; grow it while nothing is unread.',
    ),
    parkedEvents: setting(
      'PENSTOCK_PARKED_EVENTS',
      integer(0, 10_000_000).default(100_000),
      'Events of a knowledge base that may wait in the database for its stream; then their partition stands.',
    ),
    parkedMb: setting(
      'PENSTOCK_PARKED_MB',
      integer(0, 1_048_576).default(256),
      'The same, in MiB of what was published.',
    ),
  }),
  parsers: z.object({
    processes: setting(
      'PENSTOCK_PARSER_PROCESSES',
      integer(1, 256).default(4),
      'Child processes of LOADING that parse files, at most; they start when there is something to parse.',
    ),
    timeoutMs: setting(
      'PENSTOCK_PARSER_TIMEOUT_MS',
      integer(100, 3_600_000).default(20_000),
      'A file that takes its parser longer, or a sheet of a structured source without a step of 8 MiB, is tried once more, then rejected, in ms.',
    ),
    memoryMb: setting(
      'PENSTOCK_PARSER_MEMORY_MB',
      integer(256, 65_536).default(512),
      'Resident memory of such a process, in MiB, of which it has 90 without work; a file that takes its parser more is tried once more, then rejected.',
    ),
  }),
  retry: z.object({
    maxAttempts: setting(
      'INGESTION_RETRY_MAX_ATTEMPTS',
      integer(1, 1000).optional(),
      "Tries before a phase fails; each stage's own unless set.",
    ),
    backoffFactor: setting(
      'INGESTION_RETRY_BACKOFF_FACTOR',
      decimal(1, 100).optional(),
      "By how much each wait is longer than the one before; each stage's own unless set.",
    ),
    maxDelayMs: setting(
      'INGESTION_RETRY_MAX_DELAY',
      integer(0, 86_400_000).optional(),
      'The longest wait between two tries, in ms; a minute unless set.',
    ),
  }),
  metrics: metricsSettings,
  traces: traceSettings,
  log: z.object({
    level: setting(
      'PENSTOCK_LOG_LEVEL',
      oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
      'The least severe messages that are logged.',
    ),
    format: setting(
      'PENSTOCK_LOG_FORMAT',
      oneOf('auto', 'json', 'pretty').default('auto'),
      'json, one object a line, or pretty; auto is pretty on a terminal.',
    ),
  }),
})
