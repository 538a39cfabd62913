import { patchConnection } from './patches/connection.ts'
import { patchRequestQueue } from './patches/request-queue.ts'
import { registerZstd } from './patches/zstd.ts'

let applied = false

/** Mends KafkaJS 2.2.4 in this process; once is enough. */
export const patchKafkaJs = (): void => {
  if (applied) return
  applied = true
  patchRequestQueue()
  patchConnection()
  registerZstd()
}
