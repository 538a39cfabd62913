import { ApiError } from './api/api-error.ts'
import { type RequestPorts, readStart } from './api/ingest.ts'
import type { CoordinatorDoor } from './coordinator/tenure.ts'
import { createCatalogue } from './knowledge/catalogue.ts'
import { sourceKinds } from './open-sources.ts'
import type { Parts } from './parts.ts'
import { messageOf } from './runtime/errors.ts'
import { kindOf } from './sources/kind.ts'
import { lookingWebParts } from './web-parts.ts'

/** What checking a request for a job takes, for whoever gets it. */
export const requestPorts = async (parts: Parts): Promise<RequestPorts> => {
  const { config, embedderFor } = parts
  const { orm } = await parts.database()
  const { lanes, parallelism } = config.jobs
  const kinds = sourceKinds(config, await parts.parsers(), await lookingWebParts(parts))
  return {
    catalogue: createCatalogue(orm.em),
    embedder: embedderFor,
    checkSource: (source, kb) => kindOf(kinds, source).check(source, kb),
    sourceId: source => kindOf(kinds, source).id(source),
    lanes: { all: lanes, perJob: Math.min(parallelism, lanes) },
  }
}

/**
 * Reads starts that come by Kafka, or by a schedule, as the API reads them. A source that fails when it is checked is a
 * mistake of the request: whoever asked is told, and others are not kept waiting for it.
 */
export const requestReader = (ports: RequestPorts): CoordinatorDoor['readRequest'] => {
  const parsed = (json: string): unknown => {
    try {
      return JSON.parse(json)
    } catch (cause) {
      throw new ApiError(400, 'bad_json', `The request is not JSON: ${(cause as Error).message}.`, { cause })
    }
  }
  const checkSource: RequestPorts['checkSource'] = async (source, kb) => {
    try {
      return await ports.checkSource(source, kb)
    } catch (error) {
      return [{ path: '', message: `cannot be looked at now: ${messageOf(error)}` }]
    }
  }
  return async (kbId, json) => {
    try {
      return await readStart({ ...ports, checkSource }, kbId, parsed(json))
    } catch (error) {
      if (error instanceof ApiError && error.status < 500)
        return { refused: { code: error.code, message: error.message } }
      throw error
    }
  }
}
