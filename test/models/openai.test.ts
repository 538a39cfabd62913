import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OpenAiOptions, openAiEmbedder } from '../../src/models/openai.ts'
import { Fatal, Reject, Wait } from '../../src/runtime/errors.ts'
import { type Answer, type EmbeddingServer, startEmbeddingServer, vectorOf } from '../kit/embedding-server.ts'

let server: EmbeddingServer
beforeEach(async () => {
  server = await startEmbeddingServer({ dimensions: 8 })
})
afterEach(() => server.close())

const key = 'sk-very-secret-key-0123456789'
const signal = new AbortController().signal
const embedder = (options: Partial<OpenAiOptions> = {}, settings = { model: 'some-model', dimensions: 8 }) =>
  openAiEmbedder(settings, {
    baseUrl: server.baseUrl,
    apiKey: key,
    batch: 10,
    concurrency: 4,
    timeoutMs: 5_000,
    ...options,
  })
const texts = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`)
const status = (code: number, retryAfter?: string): Answer => ({
  kind: 'status',
  status: code,
  message: `Incorrect API key provided: ${key}. Authorization: Bearer ${key}`,
  ...(retryAfter !== undefined && { retryAfter }),
})
const failure = async (answer: Answer, options: Partial<OpenAiOptions> = {}) => {
  server.answer = () => answer
  return embedder(options)
    .embed(['one', 'two', 'three'], signal)
    .then(
      () => expect.unreachable('the call should have failed'),
      (error: unknown) => error as Error & { code: string; retryAfterMs: number },
    )
}

test('asks for base64 and gives the vectors of the texts in order', async () => {
  const found = await embedder().embed(['one', 'two'], signal)
  expect(found).toEqual([vectorOf('one', 8), vectorOf('two', 8)])
  expect(server.requests[0]!.body).toEqual({ model: 'some-model', input: ['one', 'two'], encoding_format: 'base64' })
  expect(server.requests[0]!.authorization).toBe(`Bearer ${key}`)
})

test('takes lists of numbers from servers that ignore the encoding', async () => {
  server.answer = () => ({ kind: 'vectors', encoding: 'float' })
  expect(await embedder().embed(['one', 'two'], signal)).toEqual([vectorOf('one', 8), vectorOf('two', 8)])
})

test('goes by the index of an entry, not by its place in the answer', async () => {
  server.answer = () => ({ kind: 'shuffled' })
  expect(await embedder().embed(['one', 'two'], signal)).toEqual([vectorOf('one', 8), vectorOf('two', 8)])
})

test('sends no Authorization where there is no key', async () => {
  await embedder({ apiKey: null }).embed(['one'], signal)
  expect(server.requests[0]!.authorization).toBeUndefined()
})

test('asks for the number of dimensions where the model can shorten its vectors', async () => {
  await embedder({}, { model: 'text-embedding-3-small', dimensions: 8 }).embed(['one'], signal)
  expect(server.requests[0]!.body.dimensions).toBe(8)
})

test('asks nothing for no texts', async () => {
  expect(await embedder().embed([], signal)).toEqual([])
  expect(server.requests).toHaveLength(0)
})

describe('requests of one call', () => {
  test('hold at most the batch size and are several at once, but no more than allowed', async () => {
    server.latencyMs = 30
    const found = await embedder({ batch: 10, concurrency: 3 }).embed(texts(95), signal)
    expect(found).toEqual(texts(95).map(text => vectorOf(text, 8)))
    expect(server.requests.map(request => request.texts.length).sort()).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 5])
    expect(server.mostAtOnce).toBe(3)
  })

  test('are bounded by characters too', async () => {
    const long = ['a', 'b', 'c'].map(letter => letter.repeat(150_000))
    await embedder({ concurrency: 1 }).embed(long, signal)
    expect(server.requests.map(request => request.texts.length)).toEqual([2, 1])
  })

  test('ask for equal texts once', async () => {
    const found = await embedder().embed(['same', 'other', 'same'], signal)
    expect(found).toEqual([vectorOf('same', 8), vectorOf('other', 8), vectorOf('same', 8)])
    expect(server.texts).toEqual(['same', 'other'])
  })
})

describe('a call that repeats a failed one', () => {
  test('asks only for what is left', async () => {
    server.answer = (_, number) => (number === 3 ? status(503) : { kind: 'vectors' })
    const one = embedder({ concurrency: 1 })
    await expect(one.embed(texts(60), signal)).rejects.toMatchObject({ code: 'provider_503' })
    expect(server.requests, 'go on after a failure among successes').toHaveLength(6)
    expect(await one.embed(texts(60), signal)).toEqual(texts(60).map(text => vectorOf(text, 8)))
    expect(server.requests).toHaveLength(7)
    expect(server.texts.toSorted()).toEqual(texts(60).toSorted())
  })

  test('end with the first failure when nothing has arrived, and with a limit whenever it comes', async () => {
    server.answer = () => status(503)
    const one = embedder({ concurrency: 1 })
    await expect(one.embed(texts(60), signal)).rejects.toMatchObject({ code: 'provider_503' })
    expect(server.requests).toHaveLength(1)
    server.answer = (_, number) => (number === 3 ? status(503) : number === 4 ? status(429) : { kind: 'vectors' })
    await expect(one.embed(texts(60), signal)).rejects.toMatchObject({ code: 'provider_429' })
    expect(server.requests).toHaveLength(5)
  })

  test('gets through although the provider allows fewer requests at a time than it needs', async () => {
    server.answer = (_, number) => (number % 3 === 2 ? status(429, '0') : { kind: 'vectors' })
    const one = embedder({ concurrency: 1 })
    let waits = 0
    const embed = async (): Promise<readonly Float32Array[]> => {
      try {
        return await one.embed(texts(60), signal)
      } catch (error) {
        if (!(error instanceof Wait) || ++waits > 5) throw error
        return embed()
      }
    }
    expect(await embed()).toHaveLength(60)
    expect(waits).toBe(2)
  })
})

describe('bad answers', () => {
  test.each([
    ['wrong_dimension', 'with a vector of 7 numbers where the knowledge base has 8 dimensions'],
    ['nan', 'with the number NaN, which cannot be stored'],
    ['zeros', 'with a vector of zeros, which has no direction to compare'],
    ['short', '3 texts with 2 vectors'],
    ['same_index', 'with index 0, not with each of 0 to 2 once'],
    ['html', 'without a list of vectors'],
  ] as const)('%s: nothing of it is taken, and it can be tried again', async (kind, said) => {
    const error = await failure({ kind })
    expect(error.message).toBe(`The embedding model some-model answered ${said}.`)
    expect(error.code).toBe('bad_vectors')
    expect([Reject, Fatal, Wait].some(type => error instanceof type)).toBe(false)
    server.answer = () => ({ kind: 'vectors' })
    expect(await embedder().embed(['one'], signal)).toEqual([vectorOf('one', 8)])
  })

  test('cut JSON is tried again', async () => {
    const error = await failure({ kind: 'cut' })
    expect(error.code).toBe('bad_answer')
    expect(error.message).toMatch(/^The embedding provider at 127\.0\.0\.1:\d+ gave an answer that cannot be read: /)
  })
})

describe('errors of the provider', () => {
  test.each([400, 413, 422])('%i rejects the text, once the provider has taken another', async code => {
    server.answer = ({ texts }) => (texts.includes('bad') ? status(code) : { kind: 'vectors' })
    const one = embedder()
    await expect(one.embed(['bad'], signal)).rejects.toMatchObject({ name: 'Reject', code: `provider_${code}` })
    expect(server.requests.map(request => request.texts)).toEqual([['bad'], ['penstock']])
    await expect(one.embed(['bad'], signal)).rejects.toBeInstanceOf(Reject)
    expect(server.requests).toHaveLength(3)
  })

  test('a provider that refuses every text is no reason to reject one', async () => {
    const error = await failure(status(400))
    expect(error).toBeInstanceOf(Fatal)
    expect(error.code).toBe('provider_refuses_all')
  })

  test.each([401, 403, 404])('%i fails at once', async code => {
    const error = await failure(status(code))
    expect(error).toBeInstanceOf(Fatal)
    expect(error.code).toBe(`provider_${code}`)
    expect(server.requests).toHaveLength(1)
  })

  test.each([
    ['7', 7_000],
    ['0.5', 500],
    [undefined, 5_000],
    ['soon', 5_000],
    ['999999', 3_600_000],
  ])('429 with Retry-After %s waits %i ms', async (after, ms) => {
    const error = await failure(status(429, after))
    expect(error).toBeInstanceOf(Wait)
    expect(error.retryAfterMs).toBe(ms)
  })

  test('429 with a date waits until then', async () => {
    const error = await failure(status(429, new Date(Date.now() + 90_000).toUTCString()))
    expect(error.retryAfterMs).toBeGreaterThan(80_000)
    expect(error.retryAfterMs).toBeLessThanOrEqual(90_000)
  })

  test.each([408, 409, 500, 502, 503])('%i is tried again, by the runtime and not by the client', async code => {
    const error = await failure(status(code))
    expect(error.code).toBe(`provider_${code}`)
    expect([Reject, Fatal, Wait].some(type => error instanceof type)).toBe(false)
    expect(server.requests).toHaveLength(1)
  })

  test('silence is an error after the timeout', async () => {
    const error = await failure({ kind: 'hang' }, { timeoutMs: 100 })
    expect(error.code).toBe('provider_timeout')
    expect(error.message).toMatch(/^The embedding provider at 127\.0\.0\.1:\d+ did not answer within 0\.1 s\.$/)
  })

  test('a lost connection is an error that can be tried again', async () => {
    expect((await failure({ kind: 'reset' })).code).toBe('provider_unreachable')
    await server.close()
    const error = await failure({ kind: 'vectors' })
    expect(error.code).toBe('provider_unreachable')
    expect(error.message).toMatch(/cannot be reached: connect ECONNREFUSED/)
  })

  test.each([400, 401, 404, 429, 500])('%i shows no secret, in no message and no cause', async code => {
    const error = await failure(status(code))
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      expect(`${at.message} ${at.stack} ${JSON.stringify(at)}`).not.toContain(key)
    }
    expect(error.message).toContain('[hidden]')
  })
})

test('an abort ends the requests in flight with its reason and starts no other', async () => {
  const aborter = new AbortController()
  const arrived = Promise.withResolvers<void>()
  server.answer = () => {
    arrived.resolve()
    return { kind: 'hang' }
  }
  const call = embedder({ concurrency: 1 }).embed(texts(30), aborter.signal)
  await arrived.promise
  const held = new Error('held')
  aborter.abort(held)
  await expect(call).rejects.toBe(held)
  expect(server.requests).toHaveLength(1)
})
