import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Exchange, readExchanges } from '../../src/knowledge/wire-protocol.ts'

const message = (type: string, body: string): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + Buffer.byteLength(body), 1)
  return Buffer.concat([head, Buffer.from(body)])
}
const untyped = (code: number, body = ''): Buffer => {
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + body.length, 0)
  head.writeInt32BE(code, 4)
  return Buffer.concat([head, Buffer.from(body)])
}
const sslRequest = untyped(80877103)
const startup = untyped(0x00030000, 'user\0me\0\0')

const read = async (pieces: readonly Buffer[]): Promise<readonly Exchange[]> => {
  const found: Exchange[] = []
  const socket = (async function* () {
    yield* pieces
  })()
  for await (const exchange of readExchanges(socket)) found.push(exchange)
  return found
}
const textOf = (exchange: Exchange) =>
  exchange.kind === 'messages' ? Buffer.from(exchange.bytes).toString('latin1') : exchange.kind

const extended = [message('P', '\0select $1\0'), message('B', 'x'.repeat(300)), message('E', ''), message('S', '')]
const session = [sslRequest, startup, ...extended, message('Q', 'select 1\0'), message('H', ''), message('X', '')]

test('an exchange ends with a Sync, a query or a Flush, wherever the packets are cut', async () => {
  const bytes = Buffer.concat(session)
  const whole = (await read([bytes])).map(textOf)
  expect(whole).toEqual([
    'answer',
    'startup',
    Buffer.concat(extended).toString('latin1'),
    session[6]!.toString('latin1'),
    session[7]!.toString('latin1'),
  ])
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 12 }), async cuts => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
      expect((await read(pieces)).map(textOf)).toEqual(whole)
    }),
  )
})

test('COPY is answered with a refusal and nothing of it reaches the database', async () => {
  const found = await read([
    Buffer.concat([
      startup,
      message('Q', 'COPY t (a) FROM STDIN (format binary)\0'),
      message('d', 'data'),
      message('c', ''),
    ]),
  ])
  expect(found.map(one => one.kind)).toEqual(['startup', 'answer'])
})

test('what is not the protocol is refused', async () => {
  await expect(read([Buffer.from('GET / HTTP/1.1\r\n\r\n')])).rejects.toThrow('not the PostgreSQL protocol')
})
