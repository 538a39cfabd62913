import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from './certificates.ts'

/** Who may pass. */
export interface Credentials {
  readonly username: string
  readonly password: string
}

/** Stands before a registry as services do: it speaks TLS, and answers 401 to whoever shows another name or password. */
export const openRegistryDoor = async (
  registry: string,
  { certFile, keyFile }: Certificate,
  { username, password }: Credentials,
) => {
  const { origin, pathname } = new URL(registry)
  const wanted = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  let refused = 0
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (asked, answer) => {
    const { authorization, host: _, ...headers } = asked.headers
    if (authorization !== wanted) {
      refused++
      answer.writeHead(401, { 'content-type': 'application/json' })
      answer.end('{"error_code":401,"message":"Unauthorized"}')
      return
    }
    const onwards = request(new URL(asked.url!, origin), { method: asked.method, headers }, given => {
      answer.writeHead(given.statusCode!, given.headers)
      given.pipe(answer)
    })
    onwards.on('error', () => answer.destroy())
    asked.pipe(onwards)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    /** Requests that were answered 401. */
    refused: () => refused,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
