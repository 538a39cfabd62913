import { createKeys } from './access/key-store.ts'
import { atOnce } from './api/at-once.ts'
import { ownPorts } from './api/own-ports.ts'
import type { ApiPorts } from './api/ports.ts'
import { builtConsole } from './built-console.ts'
import { createDeadLetters } from './coordinator/dead-letter-store.ts'
import { createDeletions } from './coordinator/deletion-store.ts'
import { intakeStatus } from './coordinator/intake-store.ts'
import { createJobs } from './coordinator/job-store.ts'
import { createKbSettings } from './coordinator/kb-settings-store.ts'
import { createSchedules } from './coordinator/schedule-store.ts'
import { dryRun, idOf } from './dry-run.ts'
import { createCatalogue, knowledgeBases } from './knowledge/catalogue.ts'
import { explainHit } from './knowledge/explain.ts'
import { search } from './knowledge/search.ts'
import { createTableCatalogue } from './knowledge/table-catalogue.ts'
import { emOf, owners, queriesOf, snapshotOf } from './knowledge/tenancy.ts'
import { fileOpener, sourceKinds, uploadsPlace } from './open-sources.ts'
import { dependenciesOf } from './operating.ts'
import type { Parts } from './parts.ts'
import { previewer } from './preview.ts'
import { requestPorts } from './request-reader.ts'
import { sourceOpener } from './sources/open.ts'
import { firstRows } from './sources/structured/first-rows.ts'
import { TablePlaces } from './sources/structured/table-places.ts'
import { uploadsOf } from './upload-removal.ts'
import { openVerifier } from './verifying.ts'
import { version } from './version.ts'
import { lookingWebParts } from './web-parts.ts'

/** What each tenant has of this installation. */
export const tenantPorts = async (parts: Parts, nudge: () => void): Promise<(tenant: string) => ApiPorts> => {
  const { config, log } = parts
  const { orm, pool } = await parts.database()
  const { lanes, queueDepth, concurrency } = config.jobs
  const broker = await parts.broker()
  const admission = { em: orm.em, knowledgeBases, queueDepth, nudge }
  const [opener, parsers] = [fileOpener(config), await parts.parsers()]
  const openSource = sourceOpener(sourceKinds(config, parsers, await lookingWebParts(parts)))
  const checking = await requestPorts(parts)
  const common = {
    preview: previewer(openSource),
    atOnce: atOnce(),
    verifier: await openVerifier(parts),
    structured: { check: firstRows(new TablePlaces({ opener, parsers, uploads: uploadsPlace(config) })) },
    uploads: uploadsOf(config),
    keys: createKeys(orm.em),
    jaegerUrl: config.traces.jaegerUrl,
    consoleFolder: builtConsole(),
    dependencies: dependenciesOf(parts, ['api']),
    metrics: parts.metering.metrics,
    metricsTargets: config.metrics.targets,
    meter: parts.metering.api,
    log,
    version,
  }
  const owned = {
    of: (kbId: string) => owners.of(orm.em.fork(), kbId),
    claim: (kbId: string, tenant: string) => owners.claim(orm.em.fork(), kbId, tenant),
    isDeleting: (kbId: string) => owners.isDeleting(orm.em.fork(), kbId),
  }
  return tenant => {
    const own = emOf(orm.em, tenant)
    const catalogue = createCatalogue(own, tenant)
    const ports: ApiPorts = {
      ...{ ...common, ...checking, catalogue },
      jobs: createJobs({ ...admission, tenant, own, concurrency, lanes }),
      deadLetters: createDeadLetters({ ...admission, tenant, own, sourceId: source => idOf(openSource, source) }),
      intake: () => intakeStatus({ em: own, tenant, broker, partitions: config.upstream.partitions }),
      dryRun: dryRun(openSource, catalogue),
      deletions: createDeletions({ ...admission, tenant }),
      kbSettings: createKbSettings({ ...admission, tenant }),
      schedules: createSchedules({ em: own, knowledgeBases }),
      knowledge: { search: query => search(pool, query, snapshotOf(tenant)) },
      explain: (kbId, id) => explainHit(queriesOf(pool, tenant), kbId, id),
      tables: createTableCatalogue(queriesOf(pool, tenant)),
    }
    return ownPorts(ports, tenant, owned)
  }
}
