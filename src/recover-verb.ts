import type { Config } from './config.ts'
import { type Recovered, recover as recoverDatabase } from './coordinator/recovering.ts'
import { openParts } from './parts.ts'
import { createLogger } from './telemetry/log.ts'

/** `penstock recover`: gives the database that DATABASE_URL names to the Kafka that KAFKA_BROKERS names. */
export const recover = async (config: Config): Promise<Recovered> => {
  const parts = openParts(config, await createLogger(config), () => undefined)
  try {
    const { orm } = await parts.database()
    return await recoverDatabase(orm.em, await parts.broker())
  } finally {
    await parts.close()
  }
}
