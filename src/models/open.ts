import { Fatal } from '../runtime/errors.ts'
import { hashingEmbedder, hashingModel } from './hashing.ts'
import type { ModelMeter } from './meter.ts'
import type { Embedder, EmbeddingSettings } from './model.ts'
import { openAiEmbedder } from './openai.ts'

/** What the configuration says of providers; the keys are those of `Config`. */
export interface ModelConfig {
  readonly openai: { readonly baseUrl: string; readonly apiKey: string | null }
  readonly embedding: { readonly batch: number; readonly concurrency: number; readonly timeoutMs: number }
}

const officialBaseUrl = 'https://api.openai.com/v1'

/**
 * Returns the function that gives the embedder of a knowledge base's settings, one for equal settings. It throws Fatal
 * for settings that this installation cannot serve.
 */
export const openModels = (config: ModelConfig, meter?: ModelMeter): ((settings: EmbeddingSettings) => Embedder) => {
  const opened = new Map<string, Embedder>()
  return settings => {
    const key = JSON.stringify([settings.provider, settings.model, settings.dimensions])
    const embedder = opened.get(key) ?? open(settings, config, meter)
    opened.set(key, embedder)
    return embedder
  }
}

const open = (
  { provider, model, dimensions }: EmbeddingSettings,
  { openai, embedding }: ModelConfig,
  meter?: ModelMeter,
): Embedder => {
  if (provider === 'hashing') {
    if (model !== hashingModel)
      throw new Fatal('unknown_model', `The hashing provider has the model ${hashingModel}, not ${model}.`)
    return timed(hashingEmbedder(dimensions), meter)
  }
  if (openai.apiKey === null && openai.baseUrl === officialBaseUrl)
    throw new Fatal('no_api_key', 'Set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that wants no key, then retry.')
  return openAiEmbedder({ model, dimensions }, { ...openai, ...embedding, ...(meter && { meter }) })
}

/** One that computes here: a call of it is a request. */
const timed = (embedder: Embedder, meter?: ModelMeter): Embedder => ({
  ...embedder,
  async embed(...call) {
    const started = performance.now()
    const vectors = await embedder.embed(...call)
    meter?.answered(embedder.model, { seconds: (performance.now() - started) / 1000, tokens: null })
    return vectors
  },
})
