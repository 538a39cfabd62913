/**
 * Real services that a whole test run shares, each started by the first test that asks for it and ended after the last.
 * They live in the runner's main process, behind a loopback server; a run that asks for none starts none.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type {} from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    sharedServices: string
  }
}

/** What a test is told of a service travels as JSON; `stop` stays behind. */
export type Service = { stop(): Promise<void> }

/** Asks for a service by its name in `global-setup.ts`; `T` is what its starter gives, without `stop`. */
export const sharedService = async <T>(name: string): Promise<T> => {
  // Benchmarks use the kit as well, outside of vitest.
  const { inject } = await import('vitest')
  const answer = await fetch(`${inject('sharedServices')}/${name}`)
  if (!answer.ok) throw new Error(`The shared service ${name} did not start: ${await answer.text()}`)
  return (await answer.json()) as T
}

/** Serves the starters; each is called at most once. `stop` ends what was started, the latest first. */
export const serveServices = async (starters: Readonly<Record<string, () => Promise<Service>>>) => {
  const started = new Map<string, Promise<Service>>()
  const start = async (name: string): Promise<Service> => {
    const starter = starters[name]
    if (!starter) throw new Error(`No such service. There are ${Object.keys(starters).join(', ')}.`)
    const service = started.get(name) ?? starter()
    started.set(name, service)
    return service
  }
  const server = createServer((request, response) => {
    start(request.url!.slice(1)).then(
      service => response.end(JSON.stringify(service)),
      error => response.writeHead(500).end(error instanceof Error ? error.stack : String(error)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      for (const result of (await Promise.allSettled(started.values())).reverse())
        if (result.status === 'fulfilled') await result.value.stop()
    },
  }
}
