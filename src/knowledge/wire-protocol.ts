/**
 * The client's side of the PostgreSQL protocol, as far as it takes to know where an exchange ends.
 * Source: PostgreSQL 18 documentation, "Message Formats".
 */

/** What a client asks for: to be let in, an answer that needs no database, or messages for it. */
export type Exchange =
  | { readonly kind: 'startup' }
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  /** `complete` is false when it ended with a Flush: more of the same is to come. */
  | { readonly kind: 'messages'; readonly bytes: Uint8Array; readonly complete: boolean }

const code = (letter: string) => letter.charCodeAt(0)
const query = code('Q')
const sync = code('S')
const flush = code('H')
const terminate = code('X')
const copyMessages = [code('d'), code('c'), code('f')]

const sslRequest = 80877103
const gssRequest = 80877104
const cancelRequest = 80877102

/** Larger than any slice; a length beyond it is not the protocol. */
const messageLimit = 256 * 1024 * 1024

/** Reads a client to its end; ends with the client, or when it takes leave. Throws on what is not the protocol. */
export async function* readExchanges(socket: AsyncIterable<Buffer>): AsyncGenerator<Exchange> {
  let started = false
  let held: Buffer[] = []
  let heldBytes = 0
  let wanted = 1
  let exchange: Buffer[] = []

  for await (const data of socket) {
    held.push(data)
    heldBytes += data.length
    // Joined only when a whole message is there, so that a large one is copied once and not once a packet.
    if (heldBytes < wanted) continue
    let bytes = held.length === 1 ? data : Buffer.concat(held)
    for (;;) {
      const head = started ? 1 : 0
      wanted = head + 4
      if (bytes.length < wanted) break
      wanted = head + bytes.readInt32BE(head)
      if (wanted < head + 4 || wanted > messageLimit) throw new Error('This is not the PostgreSQL protocol.')
      if (bytes.length < wanted) break
      const message = bytes.subarray(0, wanted)
      bytes = bytes.subarray(wanted)

      if (!started) {
        const version = message.readInt32BE(4)
        if (version === cancelRequest) return
        if (version === sslRequest || version === gssRequest) yield { kind: 'answer', bytes: Buffer.from('N') }
        else {
          started = true
          yield { kind: 'startup' }
        }
        continue
      }
      const type = message[0]!
      if (type === terminate) return
      if (copyMessages.includes(type)) continue
      if (type === query && startsCopy(message)) {
        yield { kind: 'answer', bytes: copyRefused }
        continue
      }
      exchange.push(message)
      if (type === query || type === sync || type === flush) {
        yield { kind: 'messages', bytes: new Uint8Array(Buffer.concat(exchange)), complete: type !== flush }
        exchange = []
      }
    }
    held = bytes.length > 0 ? [bytes] : []
    heldBytes = bytes.length
  }
}

/** COPY needs a conversation with the client in the middle of a statement, which PGlite's one thread cannot have. */
const startsCopy = (message: Buffer): boolean =>
  /^\s*copy\b[^;]*\b(stdin|stdout)\b/i.test(message.subarray(5, 5 + 1000).toString())

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

export const errorResponse = (severity: 'ERROR' | 'FATAL', sqlState: string, text: string): Buffer =>
  message('E', Buffer.from(`S${severity}\0V${severity}\0C${sqlState}\0M${text}\0\0`))

const readyForQuery = message('Z', Buffer.from('I'))
const copyRefused = Buffer.concat([
  errorResponse('ERROR', '0A000', 'The embedded database has no COPY over a connection: use INSERT.'),
  readyForQuery,
])
