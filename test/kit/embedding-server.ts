import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of one request. */
export type Answer =
  | { readonly kind: 'vectors'; readonly encoding?: 'as asked' | 'float' }
  | { readonly kind: 'status'; readonly status: number; readonly message?: string; readonly retryAfter?: string }
  /** Never answers; the connection stays open. */
  | { readonly kind: 'hang' }
  /** Sends the answer so slowly that it takes minutes. */
  | { readonly kind: 'drip' }
  /** Closes the connection without an answer. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'wrong_dimension' | 'nan' | 'short' | 'shuffled' | 'same_index' | 'html' | 'zeros' | 'cut' }

export interface EmbeddingRequest {
  readonly texts: readonly string[]
  readonly body: Readonly<Record<string, unknown>>
  readonly authorization: string | undefined
  /** When it had come in whole, by `performance.now()`. */
  readonly at: number
}

export interface EmbeddingServer extends AsyncDisposable {
  /** With `/v1`, as OPENAI_BASE_URL wants it. */
  readonly baseUrl: string
  readonly requests: readonly EmbeddingRequest[]
  /** Texts of requests that were answered with vectors. */
  readonly texts: readonly string[]
  /** Most requests that were in flight at once. */
  readonly mostAtOnce: number
  /** Decides each request, by its number from 0; all get vectors unless set. */
  answer: (request: EmbeddingRequest, number: number) => Answer
  latencyMs: number
  close(): Promise<void>
}

const vectors = { kind: 'vectors' } as const satisfies Answer

/** The vector this server gives for a text: different for different texts, the same for equal ones. */
export const vectorOf = (text: string, dimensions: number): Float32Array => {
  let seed = 2166136261
  for (const unit of text) seed = Math.imul(seed ^ unit.charCodeAt(0), 16777619)
  return Float32Array.from({ length: dimensions }, () => {
    seed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x6d2b79f5
    return (seed >>> 8) / 2 ** 24 - 0.5
  })
}

/** A provider with the interface of OpenAI's `/v1/embeddings` on a free port of this machine. */
export const startEmbeddingServer = async ({ dimensions = 8 } = {}): Promise<EmbeddingServer> => {
  const requests: EmbeddingRequest[] = []
  const answered: string[] = []
  let atOnce = 0
  let mostAtOnce = 0

  const server = createServer((incoming, outgoing) => {
    atOnce++
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    outgoing.on('close', () => atOnce--)
    serve(incoming, outgoing).catch(error => outgoing.destroy(error))
  })
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const parts: Buffer[] = []
    for await (const part of incoming) parts.push(part)
    if (!incoming.url?.endsWith('/v1/embeddings')) return send(outgoing, 404, { error: { message: 'no such address' } })
    const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>
    const texts = ([] as string[]).concat(body.input as string | string[])
    const request = { texts, body, authorization: incoming.headers.authorization, at: performance.now() }
    const number = requests.push(request) - 1
    const answer = kit.answer(request, number)
    if (kit.latencyMs > 0) await new Promise(resolve => setTimeout(resolve, kit.latencyMs))
    if (answer.kind === 'hang') return
    if (answer.kind === 'reset') return void incoming.socket.destroy()
    if (answer.kind === 'status') {
      const headers = answer.retryAfter === undefined ? {} : { 'retry-after': answer.retryAfter }
      return send(outgoing, answer.status, { error: { message: answer.message ?? `answer ${answer.status}` } }, headers)
    }
    if (answer.kind === 'html') return send(outgoing, 200, '<html>bad gateway</html>')
    if (answer.kind === 'vectors') answered.push(...texts)
    const asFloats = (answer.kind === 'vectors' && answer.encoding === 'float') || body.encoding_format !== 'base64'
    const data = texts.map((text, index) => {
      const vector = spoilt(answer.kind, index, vectorOf(text, dimensions))
      const embedding = asFloats ? [...vector] : Buffer.from(vector.buffer).toString('base64')
      return { object: 'embedding', index: answer.kind === 'same_index' ? 0 : index, embedding }
    })
    if (answer.kind === 'short') data.pop()
    if (answer.kind === 'shuffled') data.reverse()
    const total_tokens = texts.join('').length
    const json = JSON.stringify({ object: 'list', data, model: body.model, usage: { total_tokens } })
    if (answer.kind === 'drip') return drip(outgoing, json)
    send(outgoing, 200, answer.kind === 'cut' ? json.slice(0, json.length >> 1) : json)
  }

  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const kit: EmbeddingServer = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    texts: answered,
    get mostAtOnce() {
      return mostAtOnce
    },
    answer: () => vectors,
    latencyMs: 0,
    close,
    [Symbol.asyncDispose]: close,
  }
  return kit
}

const spoilt = (kind: Answer['kind'], index: number, vector: Float32Array): Float32Array => {
  if (kind === 'wrong_dimension') return vector.slice(1)
  if (kind === 'zeros') return vector.fill(0)
  if (kind === 'nan' && index === 0) vector[1] = Number.NaN
  return vector
}

/** A byte every tenth of a second, until the other side has had enough. */
const drip = async (outgoing: ServerResponse, text: string): Promise<void> => {
  outgoing.writeHead(200, { 'content-type': 'application/json' })
  for (const byte of text) {
    if (outgoing.destroyed) return
    outgoing.write(byte)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  outgoing.end()
}

const send = (
  outgoing: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const type = text.startsWith('<') ? 'text/html' : 'application/json'
  outgoing.writeHead(status, { 'content-type': type, ...headers })
  outgoing.end(text)
}
