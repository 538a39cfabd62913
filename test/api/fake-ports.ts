import { pino } from 'pino'
import { atOnce } from '../../src/api/at-once.ts'
import type { DocumentPage, JobStatus, KnowledgeBase } from '../../src/api/contract/answers.ts'
import type { Examined } from '../../src/api/contract/dead-letters.ts'
import type { Preview } from '../../src/api/contract/previews.ts'
import type { RowPage, TableSummary } from '../../src/api/contract/tables.ts'
import type { ApiPorts } from '../../src/api/ports.ts'
import type {
  DeadLetterGroup,
  DeadLetterPage,
  ReplayAdmission,
  ReplayPlan,
} from '../../src/coordinator/dead-letters.ts'
import type { Admission, CommandOutcome, CommandRequest, JobFilter, Submission } from '../../src/coordinator/jobs.ts'
import type { ScheduleBody } from '../../src/coordinator/schedules.ts'
import type { Provenance } from '../../src/knowledge/explain.ts'
import type { SearchHit, SearchQuery } from '../../src/knowledge/knowledge-base.ts'
import type { Code } from '../../src/verify/codes.ts'
import type { Difference, RepairReport, VerifyReport } from '../../src/verify/verifier.ts'

/** Ports that remember what they were asked and answer what the test puts into them. */
export interface FakePorts extends ApiPorts {
  readonly asked: {
    commands: CommandRequest[]
    submissions: Submission[]
    filters: JobFilter[]
    searches: SearchQuery[]
    embedded: string[]
    verified: (string | null)[]
    /** What was asked of dead letters: the method, then its arguments. */
    letters: unknown[][]
    rows: Parameters<ApiPorts['tables']['rows']>[2][]
    /** What the meter was told. */
    metered: Parameters<ApiPorts['meter']['answered']>[0][]
    previews: { readonly source: object; readonly limit: number }[]
    deletions: string[]
    repairs: { readonly kb: string | null; readonly codes: readonly string[] }[]
  }
  readonly stored: {
    jobs: JobStatus[]
    admission: Admission | null
    command: CommandOutcome | null
    deadLetters: DeadLetterGroup[]
    deadLetterPage: DeadLetterPage
    plan: ReplayPlan | null
    replay: ReplayAdmission
    examined: Examined[]
    schedules: ScheduleBody[]
    preview: Preview
    knowledgeBases: KnowledgeBase[]
    page: DocumentPage
    hits: SearchHit[]
    /** By knowledge base and id. */
    explained: Record<string, Provenance>
    tables: TableSummary[]
    rows: RowPage
    structured: Awaited<ReturnType<ApiPorts['structured']['check']>>
    /** By knowledge base, and by '' for what belongs to none; those that are not there are clean. */
    reports: Record<string, VerifyReport>
    /** What a report becomes by a repair. */
    afterRepair: Record<string, VerifyReport>
    logged: Record<string, unknown>[]
    metrics: string
  }
}

/** With `over`, parts of the ports as the test wants them. */
export const fakePorts = (over: Partial<ApiPorts> = {}): FakePorts => {
  const asked: FakePorts['asked'] = {
    ...{
      commands: [],
      submissions: [],
      filters: [],
      searches: [],
      embedded: [],
      verified: [],
      letters: [],
      previews: [],
      repairs: [],
      deletions: [],
      rows: [],
      metered: [],
    },
  }
  const stored: FakePorts['stored'] = {
    jobs: [],
    admission: null,
    command: null,
    deadLetters: [],
    deadLetterPage: { dead_letters: [], next: null },
    plan: null,
    replay: { outcome: 'no_job' },
    examined: [],
    schedules: [],
    preview: {
      source: 'markdown:/docs',
      total: 0,
      documents: [],
      tables: [],
      rejected: [],
      unlisted: [],
      stopped: null,
    },
    knowledgeBases: [],
    page: { documents: [], next: null },
    hits: [],
    explained: {},
    tables: [],
    rows: { rows: [], next: null },
    structured: { tables: [] },
    reports: {},
    afterRepair: {},
    logged: [],
    metrics: '',
  }
  const kbOf = (kbId: string) => stored.knowledgeBases.find(kb => kb.kb_id === kbId) ?? null
  const reportOf = (kb: string | null): VerifyReport => {
    asked.verified.push(kb)
    return stored.reports[kb ?? ''] ?? aReport({ kb_id: kb })
  }
  const repair = (kb: string | null, codes: readonly Code[]): RepairReport => {
    asked.repairs.push({ kb, codes })
    const report = stored.afterRepair[kb ?? ''] ?? aReport({ kb_id: kb })
    return { repaired: codes.map(code => ({ code, count: 1 })), report }
  }
  return {
    asked,
    stored,
    explain: async (kbId, id) => stored.explained[`${kbId}/${id}`] ?? null,
    jaegerUrl: 'http://jaeger.test:16686/',
    consoleFolder: null,
    jobs: {
      async submit(request) {
        asked.submissions.push(request)
        return stored.admission ?? { outcome: 'accepted', job_id: 'job-1', kb_id: request.kb_id, status: 'pending' }
      },
      submitted: async () => null,
      get: async jobId => stored.jobs.find(job => job.job_id === jobId) ?? null,
      ofKnowledgeBase: async kbId => stored.jobs.find(job => job.kb_id === kbId) ?? null,
      async list(filter) {
        asked.filters.push(filter)
        const from = filter.after === null ? 0 : stored.jobs.findIndex(job => job.job_id === filter.after) + 1
        if (filter.after !== null && from === 0) return null
        const jobs = stored.jobs.slice(from, from + filter.limit)
        return { jobs, next: from + filter.limit < stored.jobs.length ? jobs.at(-1)!.job_id : null }
      },
      async command(request) {
        asked.commands.push(request)
        const job = stored.jobs.find(one => one.kb_id === request.kb_id)
        if (!job) return { outcome: 'no_job' }
        return stored.command ?? { outcome: 'accepted', job_id: job.job_id, kb_id: job.kb_id, status: job.status }
      },
    },
    deadLetters: {
      groups: async () => stored.deadLetters,
      async list(...of) {
        asked.letters.push(['list', ...of])
        return stored.deadLetterPage
      },
      async plan(...of) {
        asked.letters.push(['plan', ...of])
        return stored.plan
      },
      async replay(...of) {
        asked.letters.push(['replay', ...of])
        return stored.replay
      },
      async discard(...of) {
        asked.letters.push(['discard', ...of])
        return 3
      },
    },
    intake: async () => ({ partitions: [], parked: [], dead_letters: 0 }),
    async dryRun(_, { limit, content }) {
      asked.letters.push(['dryRun', { limit, content }])
      return stored.examined
    },
    uploads: {
      maxBytes: 1024,
      put: () => Promise.reject(new Error('Nothing is kept here.')),
      list: async () => ({ uploads: [], next: null }),
      delete: async () => false,
    },
    schedules: {
      list: async kbId => (kbOf(kbId) === null ? null : stored.schedules),
      remove: async (_, id) => stored.schedules.some(one => one.schedule_id === id),
    },
    deletions: {
      async ask(kbId) {
        const kb = kbOf(kbId)
        if (kb === null) return null
        asked.deletions.push(kbId)
        const [asked_at, waiting_for] = [kb.deletion?.asked_at ?? '2026-11-26T10:00:00.000Z', null]
        stored.knowledgeBases.splice(stored.knowledgeBases.indexOf(kb), 1)
        return { kb_id: kbId, status: 'deleting', asked_at, waiting_for }
      },
    },
    kbSettings: {
      async change(kbId, { chunking }) {
        const kb = kbOf(kbId)
        if (kb === null) return null
        const stated = Object.fromEntries(Object.entries(chunking).filter(([, value]) => value !== undefined))
        const changed = { ...kb.chunking, ...stated }
        if (changed.chunk_overlap >= changed.chunk_size) return { outcome: 'overlap', chunking: changed }
        stored.knowledgeBases[stored.knowledgeBases.indexOf(kb)] = { ...kb, chunking: changed }
        return { outcome: 'changed' }
      },
    },
    catalogue: {
      async list({ limit, after }) {
        const following = stored.knowledgeBases.filter(kb => after === null || kb.kb_id > after)
        const shown = following.slice(0, limit)
        return { knowledge_bases: shown, next: following.length > limit ? shown.at(-1)!.kb_id : null }
      },
      get: async kbId => kbOf(kbId),
      documents: async kbId => (kbOf(kbId) === null ? null : stored.page),
    },
    knowledge: {
      async search(query) {
        asked.searches.push(query)
        return stored.hits
      },
    },
    verifier: {
      verify: async kbId => (kbOf(kbId) === null ? null : reportOf(kbId)),
      repair: async (kbId, codes) => (kbOf(kbId) === null ? null : repair(kbId, codes)),
      verifyInstallation: async () => reportOf(null),
      repairInstallation: async codes => repair(null, codes),
    },
    embedder: ({ model, dimensions }) => ({
      model,
      dimensions,
      async embed(texts) {
        asked.embedded.push(...texts)
        return texts.map(() => new Float32Array(dimensions).fill(0.5))
      },
    }),
    checkSource: async () => [],
    tables: {
      list: async kb => (stored.tables.length > 0 && kb === 'handbook' ? stored.tables : null),
      get: async (_, table) => stored.tables.find(({ name }) => name === table) ?? null,
      async rows(_, table, query) {
        asked.rows.push(query)
        return stored.tables.some(({ name }) => name === table) ? stored.rows : null
      },
    },
    structured: { check: async () => stored.structured },
    keys: {
      create: () => Promise.reject(new Error('No keys are made here.')),
      list: async () => ({ keys: [], next: null }),
      revoke: async () => false,
    },
    atOnce: atOnce(),
    sourceId: source => `${source.type}:id`,
    async preview(source, { limit }) {
      asked.previews.push({ source, limit })
      return stored.preview
    },
    dependencies: [],
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => stored.metrics },
    metricsTargets: ['127.0.0.1:9464'],
    meter: { answered: request => void asked.metered.push(request) },
    lanes: { all: 16, perJob: 2 },
    log: pino({ level: 'debug' }, { write: line => void stored.logged.push(JSON.parse(line)) }),
    version: '1.2.3',
    ...over,
  }
}

/** A running job; `over` says what is different. */
export const aJob = (over: Partial<JobStatus> = {}): JobStatus => ({
  job_id: 'job-1',
  kb_id: 'handbook',
  kind: 'run',
  replay: null,
  stream: null,
  status: 'running',
  phase: 'CHUNKING',
  progress: 40,
  message: null,
  waiting_for: null,
  error: null,
  metrics: {
    documents: 120,
    rows: 0,
    chunks: 900,
    rejected: 0,
    bytes: 4096,
    documents_per_second: 12,
    chunks_per_second: null,
  },
  eta: null,
  pause: null,
  cancel: null,
  lanes: [3, 4],
  submitted_at: '2026-11-23T06:00:00.000Z',
  started_at: '2026-11-23T06:00:01.000Z',
  completed_at: null,
  phase_details: [
    aPhase({ name: 'LOADING', status: 'completed', progress: 100, items_processed: 300, items_total: 300 }),
    aPhase({ name: 'CHUNKING', status: 'running', progress: 40, items_processed: 120, items_total: 300 }),
    aPhase({ name: 'EMBEDDING' }),
  ],
  ...over,
})

/** A phase that has not begun; `over` says what is different. */
export const aPhase = (over: Partial<JobStatus['phase_details'][number]>): JobStatus['phase_details'][number] => ({
  name: 'LOADING',
  status: 'pending',
  progress: 0,
  items_processed: 0,
  items_total: null,
  items_rejected: 0,
  items_per_second: null,
  started_at: null,
  completed_at: null,
  error: null,
  ...over,
})

export const aKnowledgeBase = (over: Partial<KnowledgeBase> = {}): KnowledgeBase => ({
  kb_id: 'handbook',
  embedding: { provider: 'hashing', model: 'hashing-v1', dimensions: 64 },
  chunking: { strategy: 'recursive', chunk_size: 256, chunk_overlap: 16 },
  documents: 300,
  chunks: 1234,
  created_at: '2026-11-23T06:00:00.000Z',
  deletion: null,
  ...over,
})

export const aHit = (over: Partial<SearchHit> = {}): SearchHit => ({
  score: 0.75,
  text: 'Rotate the keys\nevery month.',
  uri: 'file:///docs/keys.md',
  title: 'Keys',
  headingPath: ['Operations', 'Rotation'],
  position: 2,
  offset: 512,
  documentId: 'd'.repeat(32),
  chunkId: 'c'.repeat(32),
  version: 4294967296,
  traceparent: null,
  ...over,
})

/** A report without differences; `over` says what is different. */
export const aReport = (over: Partial<VerifyReport> = {}): VerifyReport => ({
  kb_id: 'handbook',
  checked_at: '2026-11-23T06:00:00.000Z',
  status: 'clean',
  checked: { jobs: 3, documents: 300, chunks: 1234, lanes: 0 },
  totals: [],
  differences: [],
  not_compared: [],
  ...over,
})

/** A report with these differences, all of which are listed. */
export const aDifferingReport = (kb: string | null, ...differences: readonly Difference[]): VerifyReport => {
  const totals = [...Map.groupBy(differences, one => one.code)].map(([code, all]) => {
    const repairs = all.flatMap(({ repair }) => (repair === null ? [] : [repair]))
    const { severity } = all[0]!
    return { code, severity, count: all.length, repairable: repairs.length, repair: repairs[0] ?? null }
  })
  return aReport({ kb_id: kb, status: 'differs', totals, differences })
}

/** A left-over version, which can be repaired; `over` says what is different. */
export const aDifference = (over: Partial<Difference> = {}): Difference => ({
  code: 'version_left_over',
  severity: 'warning',
  where: { kb_id: 'handbook', job_id: null, document_id: 'd1', uri: null, stage: null, lane: null },
  expected: 'no rows',
  found: 'version 1 with 2 rows',
  message: 'Version 1 of document d1 is not what readers see, and no job owns it.',
  repair: 'drop the rows of the version, which no reader sees',
  advice: 'No reader sees these rows; repair drops them.',
  ...over,
})

/** A schedule of which a run was started; `over` says what is different. */
export const aSchedule = (over: Partial<ScheduleBody> = {}): ScheduleBody => ({
  schedule_id: '0123456789abcdef',
  source: 'markdown:/docs',
  spec: { type: 'markdown', path: '/docs' },
  every_s: 21_600,
  cron: null,
  timezone: null,
  next_at: '2026-11-25T12:00:00.000Z',
  last_at: '2026-11-25T06:00:00.000Z',
  last_job_id: 'job-1',
  last_status: 'completed',
  note: null,
  ...over,
})
