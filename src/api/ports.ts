/** What the API needs of the rest of the service; composition hands it in. */
import type { Logger } from 'pino'
import type { Keys } from '../access/keys.ts'
import type { DeadLetters, ReplayPlan } from '../coordinator/dead-letters.ts'
import type { Deletions } from '../coordinator/deletions.ts'
import type { IntakeStatus } from '../coordinator/intake-status.ts'
import type { Jobs, Submission } from '../coordinator/jobs.ts'
import type { KbSettings } from '../coordinator/kb-settings.ts'
import type { Schedules } from '../coordinator/schedules.ts'
import type { Provenance } from '../knowledge/explain.ts'
import type { KnowledgeStore } from '../knowledge/knowledge-base.ts'
import type { Embedder, EmbeddingSettings } from '../models/model.ts'
import type { SourceSpec } from '../sources/spec.ts'
import type { Uploads } from '../uploads/uploads.ts'
import type { Verifier } from '../verify/verifier.ts'
import type { AtOnce } from './at-once.ts'
import type { DocumentPage, KnowledgeBase, KnowledgeBasePage } from './contract/answers.ts'
import type { Examined } from './contract/dead-letters.ts'
import type { Mistake } from './contract/errors.ts'
import type { Preview } from './contract/previews.ts'
import type { CheckedTable, RowPage, TableSummary } from './contract/tables.ts'
import type { Dependency } from './dependencies.ts'

export interface ApiPorts {
  readonly jobs: Jobs
  readonly deadLetters: DeadLetters
  /** Reads and cuts the first documents of a replay, up to `limit`, as LOADING and CHUNKING would; changes nothing. */
  dryRun(plan: ReplayPlan, options: DryRunOptions): Promise<readonly Examined[]>
  intake(): Promise<IntakeStatus>
  readonly schedules: Schedules
  readonly deletions: Deletions
  readonly kbSettings: KbSettings
  readonly catalogue: Catalogue
  readonly knowledge: Pick<KnowledgeStore, 'search'>
  /** How a chunk or a document came about; null where there is none of this id. */
  explain(kbId: string, id: string): Promise<Provenance | null>
  /** Where people see traces; null where nobody said. */
  readonly jaegerUrl: string | null
  /** Where the built console is; null where it was not built. */
  readonly consoleFolder: string | null
  readonly verifier: Verifier
  readonly uploads: Uploads
  /** The embedder of a knowledge base's settings; throws Fatal when it cannot be had (no key). */
  embedder(settings: EmbeddingSettings): Embedder
  /**
   * What a source's schema cannot see: a path outside the allowed roots, or not there. Paths of the mistakes are
   * relative to the source (`path`); none means that the source may be read.
   */
  checkSource(source: SourceSpec, kb: string | null): Promise<readonly Mistake[]>
  /** The identity of a source inside a knowledge base. */
  sourceId(source: SourceSpec): string
  /** What a source yields first; reads it as LOADING does, and changes nothing. */
  preview(source: SourceSpec, options: PreviewOptions): Promise<Preview>
  /** Of the process: tenants share it. */
  readonly atOnce: AtOnce
  readonly tables: Tables
  readonly structured: StructuredCheck
  readonly keys: Keys
  readonly dependencies: readonly Dependency[]
  /** Milliseconds a dependency has to answer; 2,000 unless stated. */
  readonly answerWithinMs?: number
  /** How many lanes the line has, the most that `parallelism` may ask for, and what a job gets that does not ask. */
  readonly lanes: { readonly all: number; readonly perJob: number }
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** host:port of the processes that Prometheus is to ask. */
  readonly metricsTargets: readonly string[]
  readonly meter: ApiMeter
  readonly log: Logger
  readonly version: string
}

export interface PreviewOptions {
  /** Documents and rejects in all. */
  readonly limit: number
  readonly chunking: Submission['chunking']
  readonly signal: AbortSignal
}

export interface DryRunOptions {
  readonly limit: number
  /** Whether what would be loaded is wanted too. */
  readonly content: boolean
  readonly signal: AbortSignal
}

/** Whose knowledge bases are. */
export interface Owners {
  /** null while the name is free. */
  of(kbId: string): Promise<string | null>
  /** Makes a name that is free the tenant's; false where it is another's. */
  claim(kbId: string, tenant: string): Promise<boolean>
  /** True while it is being deleted. */
  isDeleting(kbId: string): Promise<boolean>
}

/** What is stored, for people to look at. Bodies are those of the API, so nothing is mapped twice. */
export interface Catalogue {
  /** In the order of their ids, those after the id `after`, which need not be there any more. */
  list(page: { readonly limit: number; readonly after: string | null }): Promise<KnowledgeBasePage>
  get(kbId: string): Promise<KnowledgeBase | null>
  /**
   * Documents in a stable order, those after the cursor `after`; null when there is no such knowledge base. Throws an
   * error with the code `bad_cursor` for a cursor that it did not make.
   */
  documents(kbId: string, page: { readonly limit: number; readonly after: string | null }): Promise<DocumentPage | null>
}

/** The tables of knowledge bases; null for what is not there. */
export interface Tables {
  list(kbId: string): Promise<readonly TableSummary[] | null>
  get(kbId: string, table: string): Promise<TableSummary | null>
  /** Throws errors with the codes `bad_cursor` and `bad_filter` for a query that the table cannot answer. */
  rows(
    kbId: string,
    table: string,
    query: {
      readonly limit: number
      readonly after: string | null
      readonly where: Readonly<Record<string, string | null>>
    },
  ): Promise<RowPage | null>
}

export interface StructuredCheck {
  /** What is wrong with a source of tables, or its first rows as they would be typed; paths are relative to the source. */
  check(
    source: Extract<SourceSpec, { readonly type: 'structured' }>,
    rows: number,
    signal: AbortSignal,
    kb: string | null,
  ): Promise<{ readonly tables: readonly CheckedTable[] } | { readonly mistakes: readonly Mistake[] }>
}

/** Told of requests; it never throws. */
export interface ApiMeter {
  /** `route` is the path with the names of its parameters; `seconds` are null for an answer that streams. */
  answered(request: {
    readonly method: string
    readonly route: string
    readonly status: number
    readonly seconds: number | null
  }): void
}
