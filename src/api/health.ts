import { stateOf } from './dependencies.ts'
import type { Handlers } from './handler.ts'
import { openapi } from './openapi.ts'
import type { ApiPorts } from './ports.ts'

/** What machines ask: alive, ready, and what there is to call. */
export const healthHandlers = (ports: ApiPorts): Pick<Handlers, 'health' | 'readiness' | 'openapi'> => {
  const description = openapi(ports.version)
  return {
    health: {
      async answer() {
        return { status: 200, body: { status: 'ok', version: ports.version } }
      },
    },
    readiness: {
      async answer() {
        const dependencies = await Promise.all(
          ports.dependencies.map(one => stateOf(one, ports.answerWithinMs ?? 2_000)),
        )
        const ready = dependencies.every(one => one.ready)
        return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not_ready', dependencies } }
      },
    },
    openapi: {
      async answer() {
        return { status: 200, body: description }
      },
    },
  }
}
