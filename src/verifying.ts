import { readControl } from './coordinator/read-control.ts'
import { defaultIndexFrom } from './knowledge/pgvector.ts'
import type { Parts } from './parts.ts'
import { createVerifier } from './verify/create-verifier.ts'
import type { Verifier } from './verify/verifier.ts'

/** The verifier of this process. The registry, which `control` is read by, is asked for when it is first needed. */
export const openVerifier = async (parts: Parts): Promise<Verifier> => {
  const { pool, embedded } = await parts.database()
  const broker = await parts.broker()
  return createVerifier({
    pool,
    embedded,
    broker,
    control: async () => readControl({ broker, codec: await parts.codec() }),
    indexFrom: defaultIndexFrom,
  })
}
