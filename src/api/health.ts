import type { Readiness } from './contract/answers.ts'
import { statesOf } from './dependencies.ts'
import { operator } from './doors/access.ts'
import type { Handlers } from './handler.ts'
import { openapi } from './openapi.ts'
import type { ApiPorts } from './ports.ts'

/** What machines ask: alive, ready, and what there is to call. */
export const healthHandlers = (ports: ApiPorts): Pick<Handlers, 'health' | 'readiness' | 'openapi'> => {
  const description = openapi(ports.version)
  const look = statesOf(ports.dependencies, ports.answerWithinMs ?? 2_000)
  let logged: Awaited<ReturnType<typeof look>> = []
  return {
    health: {
      async answer() {
        return { status: 200, body: { status: 'ok', version: ports.version } }
      },
    },
    readiness: {
      async answer(_, { principal, log }) {
        const states = await look()
        const ready = states.every(one => one.ready)
        if (!ready && states !== logged) log.warn({ dependencies: states }, 'the API is not ready')
        logged = states
        // What parts say names hosts and users, and anybody may ask where keys are wanted.
        const dependencies = principal.tenant === operator ? states : states.map(withoutMessage)
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

const withoutMessage = ({ name, ready, message }: Readiness['dependencies'][number]) => ({
  ...{ name, ready },
  message: message === null ? null : 'It does not answer as it should; the log of the API says how.',
})
