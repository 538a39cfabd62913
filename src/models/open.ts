import { Fatal } from '../runtime/errors.ts'
import { hashingEmbedder, hashingModel } from './hashing.ts'
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
export const openModels = (config: ModelConfig): ((settings: EmbeddingSettings) => Embedder) => {
  const opened = new Map<string, Embedder>()
  return settings => {
    const key = JSON.stringify([settings.provider, settings.model, settings.dimensions])
    const embedder = opened.get(key) ?? open(settings, config)
    opened.set(key, embedder)
    return embedder
  }
}

const open = ({ provider, model, dimensions }: EmbeddingSettings, { openai, embedding }: ModelConfig): Embedder => {
  if (provider === 'hashing') {
    if (model !== hashingModel)
      throw new Fatal('unknown_model', `The hashing provider has the model ${hashingModel}, not ${model}.`)
    return hashingEmbedder(dimensions)
  }
  if (openai.apiKey === null && openai.baseUrl === officialBaseUrl)
    throw new Fatal('no_api_key', 'Set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that wants no key, then retry.')
  return openAiEmbedder({ model, dimensions }, { ...openai, ...embedding })
}
