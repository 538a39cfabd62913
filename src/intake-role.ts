import { createParking } from './coordinator/parked-events.ts'
import { runIntake } from './intake/run-intake.ts'
import { knowledgeBases } from './knowledge/catalogue.ts'
import type { Parts } from './parts.ts'
import { requestPorts, requestReader } from './request-reader.ts'
import type { Running } from './runtime/run-stage.ts'

const MiB = 1024 * 1024

/** Makes this process a worker of INTAKE. `nudge` is called when a stream was admitted. */
export const startIntake = async (
  parts: Parts,
  nudge: () => void,
  failed: (error: Error) => void,
): Promise<Running> => {
  const { config, log } = parts
  const { parkedEvents: records, parkedMb } = config.upstream
  const { orm } = await parts.database()
  return runIntake({
    broker: await parts.broker(),
    gate: await parts.gate(),
    codec: await parts.codec(),
    parking: createParking({
      em: orm.em,
      knowledgeBases,
      queueDepth: config.jobs.queueDepth,
      nudge,
      readRequest: requestReader(await requestPorts(parts)),
      most: { records, bytes: parkedMb * MiB },
      refused: (kb, message) => log.warn({ kb_id: kb, operation: 'start a stream' }, message),
    }),
    lanes: config.jobs.lanes,
    tracing: parts.tracing,
    meter: parts.metering.intake,
    log,
    failed,
  })
}
