import type { AddressInfo } from 'node:net'
import { createServer } from './api/server.ts'
import { createDeadLetters } from './coordinator/dead-letter-store.ts'
import { intakeStatus } from './coordinator/intake-store.ts'
import { createJobs } from './coordinator/job-store.ts'
import { createSchedules } from './coordinator/schedule-store.ts'
import { dryRun, idOf } from './dry-run.ts'
import { createCatalogue, knowledgeBases } from './knowledge/catalogue.ts'
import { explainHit } from './knowledge/explain.ts'
import { createTableCatalogue } from './knowledge/table-catalogue.ts'
import { fileOpener, sourceKinds, uploadDirOf } from './open-sources.ts'
import type { Parts } from './parts.ts'
import { previewer } from './preview.ts'
import { requestPorts } from './request-reader.ts'
import type { Running } from './runtime/run-stage.ts'
import { sourceOpener } from './sources/open.ts'
import { firstRows } from './sources/structured/first-rows.ts'
import { Sheets } from './sources/structured/sheets.ts'
import { uploadFolder } from './uploads/upload-folder.ts'
import { openVerifier } from './verifying.ts'
import { version } from './version.ts'
import { lookingWebParts } from './web-parts.ts'

/** Starts the HTTP API of this process. `nudge` is called when a job was admitted. */
export const startApi = async (parts: Parts, nudge: () => void): Promise<Running & { readonly url: string }> => {
  const { config, log } = parts
  const { orm, pool } = await parts.database()
  const { lanes, queueDepth, concurrency } = config.jobs
  const broker = await parts.broker()
  const admission = { em: orm.em, knowledgeBases, queueDepth, nudge }
  const [opener, parsers] = [fileOpener(config), await parts.parsers()]
  const openSource = sourceOpener(sourceKinds(config, parsers, await lookingWebParts(parts)))
  const server = createServer({
    jobs: createJobs({ ...admission, concurrency, lanes }),
    deadLetters: createDeadLetters({
      ...admission,
      sourceId: source => idOf(openSource, source),
    }),
    intake: () => intakeStatus({ em: orm.em, broker, partitions: config.upstream.partitions }),
    dryRun: dryRun(openSource, createCatalogue(orm.em)),
    preview: previewer(openSource),
    schedules: createSchedules({ em: orm.em, knowledgeBases }),
    ...(await requestPorts(parts)),
    knowledge: await parts.store(),
    explain: (kbId, id) => explainHit(pool, kbId, id),
    jaegerUrl: config.traces.jaegerUrl,
    verifier: await openVerifier(parts),
    tables: createTableCatalogue(pool),
    structured: { check: firstRows({ opener, sheets: new Sheets({ opener, parsers }) }) },
    uploads: uploadFolder({ folder: uploadDirOf(config), maxBytes: config.sources.maxUploadBytes }),
    dependencies: [
      { name: 'database', check: async () => void (await pool.query('select 1')) },
      { name: 'kafka', check: async () => void (await broker.clusterId()) },
    ],
    log,
    version,
  })
  const { host, port } = config.api
  await server.listen({ host, port })
  const { address, port: actual } = server.server.address() as AddressInfo
  const shown = address.includes(':') ? `[${address}]` : address
  return { url: `http://${shown}:${actual}`, stop: () => server.close().then(() => undefined) }
}
