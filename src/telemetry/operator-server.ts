import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Level, levels } from './log.ts'
import { requestIdOf } from './request-id.ts'

export interface OperatorServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  /** Whether what the process depends on answers; the body is for people. */
  ready(): Promise<{ readonly ready: boolean; readonly dependencies: readonly object[] }>
  readonly logLevel: { get(): string; set(level: Level): void }
  /** Told of requests that fail. */
  failed(error: unknown, url: string, requestId: string): void
}

export interface OperatorServer {
  /** host:port as it listens. */
  readonly address: string
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type?: string
  readonly body: string | object
}

/** A refusal; its body gets the id of its request as it goes out, and is then that of the API's errors. */
class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly details: object | null
  constructor(status: number, code: string, message: string, details: object | null = null) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }
}

/** Bytes; a level is a word. */
const bodyLimit = 1024

/**
 * What operators ask of a process, whatever its role: `/metrics`, `/healthz`, `/readyz` and the level of its log, which
 * only this machine may change. Rejects with the error of `listen` when the address cannot be had.
 */
export const startOperatorServer = async (options: OperatorServerOptions): Promise<OperatorServer> => {
  const server = createServer((request, response) => {
    const requestId = requestIdOf(request.headers)
    response.setHeader('X-Request-ID', requestId)
    serve(options, request, response, requestId).catch(error => options.failed(error, request.url ?? '', requestId))
  })
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo
  return {
    address: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const serve = async (
  options: OperatorServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> => {
  try {
    send(response, await answerOf(options, request))
  } catch (error) {
    const refusal = error instanceof Refusal ? error : fault
    const { status, code, message, details } = refusal
    send(response, { status, body: { error: { code, message, details, request_id: requestId } } })
    if (refusal === fault) throw error
  }
}

const fault = new Refusal(500, 'internal', 'A fault of the service; its log has more.')

const answerOf = async (options: OperatorServerOptions, request: IncomingMessage): Promise<Answer> => {
  const path = request.url?.split('?', 1)[0]
  const asked = `${request.method === 'HEAD' ? 'GET' : request.method} ${path}`
  switch (asked) {
    case 'GET /metrics':
      return { status: 200, type: options.metrics.contentType, body: await options.metrics.text() }
    case 'GET /healthz':
      return { status: 200, body: { status: 'ok' } }
    case 'GET /readyz': {
      const { ready, dependencies } = await options.ready()
      return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not_ready', dependencies } }
    }
    case 'GET /log-level':
      return { status: 200, body: { level: options.logLevel.get() } }
    case 'PUT /log-level':
      return setLevel(options, request)
    default:
      throw new Refusal(
        404,
        'no_such_route',
        'There are GET /metrics, /healthz, /readyz and /log-level, and PUT /log-level.',
      )
  }
}

const setLevel = async ({ logLevel }: OperatorServerOptions, request: IncomingMessage): Promise<Answer> => {
  // A page in a browser of this machine is somebody else: browsers name the origin of a PUT.
  if (!isLoopback(request.socket.remoteAddress) || request.headers.origin !== undefined)
    throw new Refusal(403, 'loopback_only', 'The level of the log is changed from the machine of the process itself.')
  const level = levelIn(await bodyOf(request))
  if (level === null) {
    const message = `Send {"level": one of ${levels.join(', ')}} as JSON.`
    throw new Refusal(422, 'invalid_request', message, { mistakes: [{ path: 'level', message }] })
  }
  logLevel.set(level)
  return { status: 200, body: { level } }
}

const isLoopback = (address = ''): boolean => /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address)

/** Null when it is longer than any that makes sense. */
const bodyOf = async (request: IncomingMessage): Promise<string | null> => {
  let body = ''
  for await (const piece of request.setEncoding('utf8')) {
    body += piece
    if (body.length > bodyLimit) return null
  }
  return body
}

const levelIn = (body: string | null): Level | null => {
  try {
    const { level } = JSON.parse(body ?? '') as { readonly level?: unknown }
    return levels.find(one => one === level) ?? null
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    throw error
  }
}

const send = (response: ServerResponse, { status, type, body }: Answer): void => {
  response.writeHead(status, { 'Content-Type': type ?? 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
