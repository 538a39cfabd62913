import { reading } from './at-once.ts'
import type { Mistake } from './contract/errors.ts'
import { splitSource } from './contract/refresh.ts'
import { defaultSettings } from './contract/requests.ts'
import type { Handlers } from './handler.ts'
import { sourceMistakes } from './ingest.ts'
import type { ApiPorts } from './ports.ts'

/** Looking at what a source would yield. */
export const previewHandlers = (ports: ApiPorts): Pick<Handlers, 'previewSource'> => ({
  previewSource: {
    examine: (body, known) => examine(ports, body, known),
    async answer({ body: { source, limit, chunking } }, { signal }) {
      const { spec } = splitSource(source)
      const options = { limit, chunking: chunking ?? defaultSettings.chunking, signal }
      const preview = () => reading('source', () => ports.preview(spec, options))
      return { status: 200, body: await ports.atOnce.run(preview) }
    },
  },
})

const examine = async (ports: ApiPorts, body: unknown, known: readonly Mistake[]): Promise<Mistake[]> => {
  const { source } = (body ?? {}) as { source?: unknown }
  return source === undefined ? [] : sourceMistakes(ports, [['source', source]], known, null)
}
