import { Fatal, Wait } from '../runtime/errors.ts'
import { invalidRequest, notNow } from './api-error.ts'

/** Bounds the work of this process that reads much while somebody waits for the answer, whoever asks for it. */
export interface AtOnce {
  /** Throws 503 where as much is under way as may. */
  run<T>(work: () => Promise<T>): Promise<T>
}

export const atOnce = (most = 4): AtOnce => {
  let under = 0
  return {
    async run(work) {
      if (under >= most)
        throw notNow('previews_busy', `${most} previews, checks or comparisons are under way. Try again soon.`, 5)
      under++
      try {
        return await work()
      } finally {
        under--
      }
    },
  }
}

/** Reads a source that the request names at `path`: where it cannot be read, or not now, it is told so. */
export const reading = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Fatal) throw invalidRequest([{ path, message: error.message }])
    if (error instanceof Wait) throw notNow('source_not_now', error.message, error.retryAfterMs / 1000, error)
    throw error
  }
}
