import { controlHandlers } from './control.ts'
import { deadLetterHandlers } from './dead-letters.ts'
import { explainHandlers } from './explain.ts'
import type { Handlers } from './handler.ts'
import { healthHandlers } from './health.ts'
import { ingestHandlers } from './ingest.ts'
import { jobEventHandlers } from './job-events.ts'
import { jobHandlers } from './jobs.ts'
import { keyHandlers } from './keys.ts'
import { knowledgeBaseHandlers } from './knowledge-bases.ts'
import { metricsHandlers } from './metrics.ts'
import type { ApiPorts } from './ports.ts'
import { previewHandlers } from './previews.ts'
import { scheduleHandlers } from './schedules.ts'
import { searchHandlers } from './search.ts'
import { tableHandlers } from './tables.ts'
import { uploadHandlers } from './uploads.ts'
import { verifyHandlers } from './verify.ts'

/** A handler for each route, over these ports. */
export const handlersFor = (ports: ApiPorts): Handlers => ({
  ...ingestHandlers(ports),
  ...jobHandlers(ports),
  ...deadLetterHandlers(ports),
  ...controlHandlers(ports),
  ...jobEventHandlers(ports),
  ...knowledgeBaseHandlers(ports),
  ...searchHandlers(ports),
  ...explainHandlers(ports),
  ...uploadHandlers(ports),
  ...verifyHandlers(ports),
  ...tableHandlers(ports),
  ...scheduleHandlers(ports),
  ...previewHandlers(ports),
  ...keyHandlers(ports),
  ...healthHandlers(ports),
  ...metricsHandlers(ports),
  intake: { answer: async () => ({ status: 200, body: await ports.intake() }) },
})
