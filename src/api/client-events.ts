import { EventSourceParserStream } from 'eventsource-parser/stream'

/**
 * The data of the server-sent events of an answer, up to `end`; throws when the connection is lost before that. Whoever
 * stops early closes the connection.
 */
export async function* eventsIn(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<unknown, void> {
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  for await (const { event, data } of events) {
    if (event === 'end') return
    yield JSON.parse(data)
  }
  throw new Error('the events broke off')
}
