import type { AddressInfo } from 'node:net'
import { createServer } from './api/server.ts'
import { createJobs } from './coordinator/job-store.ts'
import { createCatalogue, knowledgeBases } from './knowledge/catalogue.ts'
import type { Parts } from './parts.ts'
import type { Running } from './runtime/run-stage.ts'
import { FileOpener } from './sources/file-opener.ts'
import { version } from './version.ts'

/** Starts the HTTP API of this process. `nudge` is called when a job was admitted. */
export const startApi = async (parts: Parts, nudge: () => void): Promise<Running & { readonly url: string }> => {
  const { config, log, embedderFor } = parts
  const { orm, pool } = await parts.database()
  const { lanes, parallelism, queueDepth, concurrency } = config.jobs
  const broker = await parts.broker()
  const opener = new FileOpener({ roots: config.sources.fileRoots, maxBytes: config.sources.maxFileBytes })
  const server = createServer({
    jobs: createJobs({ em: orm.em, knowledgeBases, queueDepth, concurrency, lanes, nudge }),
    catalogue: createCatalogue(orm.em),
    knowledge: await parts.store(),
    embedder: embedderFor,
    async checkSource(source) {
      const refusal = await opener.checkSpec(source)
      return refusal === null ? [] : [{ path: 'path', message: refusal.message }]
    },
    dependencies: [
      { name: 'database', check: async () => void (await pool.query('select 1')) },
      { name: 'kafka', check: async () => void (await broker.clusterId()) },
    ],
    lanes: { all: lanes, perJob: Math.min(parallelism, lanes) },
    log,
    version,
  })
  const { host, port } = config.api
  await server.listen({ host, port })
  const { address, port: actual } = server.server.address() as AddressInfo
  const shown = address.includes(':') ? `[${address}]` : address
  return { url: `http://${shown}:${actual}`, stop: () => server.close().then(() => undefined) }
}
