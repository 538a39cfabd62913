import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a server answers; `hang` takes a request and says nothing, `drop` ends the connection. */
export type Reply =
  | { readonly status?: number; readonly headers?: OutgoingHttpHeaders; readonly body?: string | Buffer }
  | 'hang'
  | 'drop'

export interface WebServer {
  readonly port: number
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** Paths with their queries, in the order in which they were asked for. */
  readonly asked: string[]
  readonly connections: () => number
  close(): Promise<void>
}

/** A server on loopback that answers as it is told. */
export const webServer = async (
  answer: (path: string, request: IncomingMessage) => Reply | Promise<Reply>,
  host = '127.0.0.1',
): Promise<WebServer> => {
  const asked: string[] = []
  let connections = 0
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/'
    asked.push(path)
    const reply = await answer(path, request)
    if (reply === 'drop') request.socket.destroy()
    if (reply === 'hang' || reply === 'drop') return
    response.writeHead(reply.status ?? 200, { 'content-type': 'text/html; charset=utf-8', ...reply.headers })
    response.end(reply.body ?? '')
  })
  server.on('connection', () => {
    connections += 1
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    asked,
    connections: () => connections,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
