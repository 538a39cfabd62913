import { Fatal, Wait } from '../runtime/errors.ts'
import { invalidRequest, notNow } from './api-error.ts'
import type { Mistake } from './contract/errors.ts'
import { splitSource } from './contract/refresh.ts'
import { defaultSettings } from './contract/requests.ts'
import type { Handlers } from './handler.ts'
import { sourceMistakes } from './ingest.ts'
import type { ApiPorts } from './ports.ts'

/** Previews of this process that read at once; each may take its whole time. */
const atOnce = 4

/** Looking at what a source would yield. */
export const previewHandlers = (ports: ApiPorts): Pick<Handlers, 'previewSource'> => {
  let under = 0
  return {
    previewSource: {
      examine: (body, known) => examine(ports, body, known),
      async answer({ body: { source, limit, chunking } }, { signal }) {
        if (under >= atOnce) throw notNow('previews_busy', `${atOnce} previews are under way. Try again soon.`, 5)
        under++
        try {
          const { spec } = splitSource(source)
          const options = { limit, chunking: chunking ?? defaultSettings.chunking, signal }
          return { status: 200, body: await ports.preview(spec, options) }
        } catch (error) {
          if (error instanceof Fatal) throw invalidRequest([{ path: 'source', message: error.message }])
          if (error instanceof Wait) throw notNow('source_not_now', error.message, error.retryAfterMs / 1000, error)
          throw error
        } finally {
          under--
        }
      },
    },
  }
}

const examine = async (ports: ApiPorts, body: unknown, known: readonly Mistake[]): Promise<Mistake[]> => {
  const { source } = (body ?? {}) as { source?: unknown }
  return source === undefined ? [] : sourceMistakes(ports, [['source', source]], known, null)
}
