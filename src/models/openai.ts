import OpenAI from 'openai'
import { codeOf } from '../runtime/errors.ts'
import { inSpan } from '../telemetry/spans.ts'
import { inBatches } from './batching.ts'
import { breaking } from './breaker.ts'
import type { ModelMeter } from './meter.ts'
import type { Embedder, EmbeddingSettings } from './model.ts'
import { providerError, refusesEverything, whoAnswers } from './provider-error.ts'
import { BadVectors, checkVectors } from './vectors.ts'

/** Where the provider is and how it may be used. */
export interface OpenAiOptions {
  readonly baseUrl: string
  /** null for a server that wants none. */
  readonly apiKey: string | null
  /** Texts in one request. */
  readonly batch: number
  /** Requests in flight at once, of one call. */
  readonly concurrency: number
  /** From sending a request to its whole answer, in milliseconds. */
  readonly timeoutMs: number
  readonly meter?: ModelMeter
}

/** UTF-16 code units in one request. Providers allow 300,000 tokens; a token is rarely less than two characters. */
const requestChars = 400_000

/**
 * Embeds by any provider with the interface of OpenAI's `/embeddings`. It never repeats a request: that is the
 * runtime's, which knows attempts, pauses and cancelled jobs.
 */
export const openAiEmbedder = (
  settings: Pick<EmbeddingSettings, 'model' | 'dimensions'>,
  options: OpenAiOptions,
): Embedder => {
  const { model, dimensions } = settings
  const client = new OpenAI({
    baseURL: options.baseUrl,
    apiKey: options.apiKey ?? 'none',
    ...(options.apiKey === null ? { defaultHeaders: { Authorization: null } } : {}),
    maxRetries: 0,
    timeout: options.timeoutMs,
    // Given, so that the client reads none of them from the environment.
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    logLevel: 'off',
  })

  const about = {
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': model,
    'gen_ai.embeddings.dimension.count': dimensions,
    'server.address': new URL(options.baseUrl).hostname,
  }
  const request = (texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> =>
    inSpan(`embeddings ${model}`, { ...about, 'penstock.texts': texts.length }, () => ask(texts, signal))

  const ask = async (texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> => {
    const started = performance.now()
    const seconds = () => (performance.now() - started) / 1000
    try {
      // base64 is asked for by name, so that the client leaves the answer as it came and it can be checked here.
      const answer: unknown = await client.embeddings.create(
        {
          model,
          input: [...texts],
          encoding_format: 'base64',
          // Only these models can shorten their vectors; other servers refuse the parameter.
          ...(model.startsWith('text-embedding-3') ? { dimensions } : {}),
        },
        { signal },
      )
      const vectors = readAnswer(answer, texts.length, model)
      checkVectors(vectors, texts.length, settings)
      options.meter?.answered(model, { seconds: seconds(), tokens: tokensOf(answer) })
      return vectors
    } catch (error) {
      signal.throwIfAborted()
      const failure = providerError(error, options)
      options.meter?.failed(model, { seconds: seconds(), code: codeOf(failure) })
      throw failure
    }
  }
  const send = breaking(refusesEverything(request, model), {
    who: whoAnswers(options.baseUrl),
    watched: state => options.meter?.breaker(model, state),
  })
  return { model, dimensions, embed: inBatches(send, limits(options)) }
}

const limits = ({ batch, concurrency }: OpenAiOptions) => ({ texts: batch, chars: requestChars, concurrency })

/** The vectors of an answer in the order of its indexes, whatever order the server wrote them in. */
const readAnswer = (answer: unknown, count: number, model: string): readonly Float32Array[] => {
  const data = field(answer, 'data')
  if (!Array.isArray(data)) throw new BadVectors(`The embedding model ${model} answered without a list of vectors.`)
  if (data.length !== count)
    throw new BadVectors(`The embedding model ${model} answered ${count} texts with ${data.length} vectors.`)
  const vectors: Float32Array[] = new Array(count)
  for (const entry of data) {
    const index = field(entry, 'index')
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count || vectors[index as number])
      throw new BadVectors(
        `The embedding model ${model} answered with index ${index}, not with each of 0 to ${count - 1} once.`,
      )
    vectors[index as number] = readVector(field(entry, 'embedding'), model)
  }
  return vectors
}

/** Base64 of little-endian float32, or a list of numbers from servers that ignore what was asked for. */
const readVector = (embedding: unknown, model: string): Float32Array => {
  if (Array.isArray(embedding)) return Float32Array.from(embedding, one => (typeof one === 'number' ? one : Number.NaN))
  if (typeof embedding !== 'string') throw new BadVectors(`The embedding model ${model} answered without an embedding.`)
  const bytes = Buffer.from(embedding, 'base64')
  if (bytes.length % 4 !== 0)
    throw new BadVectors(
      `The embedding model ${model} answered with ${bytes.length} bytes, which are no float32 numbers.`,
    )
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

/** What the provider says it has taken; null where it does not say. */
const tokensOf = (answer: unknown): number | null => {
  const tokens = field(field(answer, 'usage'), 'total_tokens')
  return Number.isSafeInteger(tokens) && (tokens as number) >= 0 ? (tokens as number) : null
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
