/** THE TABLE of what a key needs for each route: a new route does not compile before it is in it. */
import type { RouteName } from './routes.ts'
import type { Scope } from './scopes.ts'

/** `open`: no key is needed, whatever address the API listens on. */
export const routeScopes: Readonly<Record<RouteName, Scope | 'open'>> = {
  health: 'open',
  readiness: 'open',
  openapi: 'open',

  job: 'read',
  jobs: 'read',
  kbStatus: 'read',
  jobEvents: 'read',
  knowledgeBases: 'read',
  knowledgeBase: 'read',
  documents: 'read',
  search: 'read',
  explain: 'read',
  tables: 'read',
  table: 'read',
  tableRows: 'read',
  schedules: 'read',
  uploads: 'read',
  intake: 'read',
  deadLetters: 'read',
  deadLetterRecords: 'read',

  ingest: 'ingest',
  start: 'ingest',
  upload: 'ingest',
  deleteUpload: 'ingest',
  changeKnowledgeBase: 'ingest',
  previewSource: 'ingest',
  checkStructured: 'ingest',
  dryRunReplay: 'ingest',

  pause: 'control',
  resume: 'control',
  cancel: 'control',
  retry: 'control',
  removeSchedule: 'control',
  replayDeadLetters: 'control',
  discardDeadLetters: 'control',

  metricsTargets: 'metrics',

  deleteKnowledgeBase: 'admin',
  keys: 'admin',
  createKey: 'admin',
  revokeKey: 'admin',
  verify: 'admin',
  repair: 'admin',
  verifyInstallation: 'admin',
  repairInstallation: 'admin',
}
