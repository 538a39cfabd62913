import type { FastifyError } from 'fastify'
import { codeOf, isOutOfReach } from '../runtime/errors.ts'
import { ApiError, notNow } from './api-error.ts'
import type { ErrorBody } from './contract/errors.ts'

/** Anything thrown on the way, as what goes out. */
export const asApiError = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error
  const { code, statusCode } = error as Partial<FastifyError>
  if (code !== undefined && refusals[code] !== undefined) return refusals[code](error)
  if (error instanceof Error && statusCode !== undefined && statusCode < 500)
    return new ApiError(statusCode, 'bad_request', error.message, { cause: error })
  if (isUnavailable(error))
    return notNow(
      'unavailable',
      'The database, or another part that this needs, is out of reach; /readyz says what.',
      5,
      error,
    )
  return new ApiError(500, 'internal', 'A fault of the service; its log has more under this request_id.', {
    cause: error,
  })
}

export const errorBodyOf = (error: ApiError, requestId: string): ErrorBody => ({
  error: { code: error.code, message: error.message, details: error.details, request_id: requestId },
  ...error.beside,
})

const badJson = (cause: unknown) =>
  new ApiError(400, 'bad_json', `The body is not JSON: ${(cause as Error).message}.`, { cause })

const refusals: Readonly<Record<string, (cause: unknown) => ApiError>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: cause =>
    new ApiError(415, 'unsupported_media_type', 'Send the body as JSON, with Content-Type: application/json.', {
      cause,
    }),
  FST_ERR_CTP_BODY_TOO_LARGE: cause => new ApiError(413, 'body_too_large', 'The body is larger than 1 MiB.', { cause }),
  FST_ERR_CTP_EMPTY_JSON_BODY: cause =>
    new ApiError(400, 'bad_json', 'The body is empty; JSON was announced.', { cause }),
  FST_ERR_CTP_INVALID_JSON_BODY: badJson,
  FST_ERR_BAD_URL: cause => new ApiError(400, 'bad_url', 'The path has a percent escape that is none.', { cause }),
}

/** Of a statement that took longer than it may. */
const statementTimeout = '57014'

const isUnavailable = (error: unknown, depth = 0): boolean =>
  isOutOfReach(error) ||
  (depth < 5 && error instanceof Error && (codeOf(error) === statementTimeout || isUnavailable(error.cause, depth + 1)))
