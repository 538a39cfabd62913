import Fastify, { type FastifyInstance } from 'fastify'
import { openapi } from './openapi.ts'

/** Nothing is loaded from, or told to, another host. */
const contentSecurity =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'"

/**
 * A page to read the API by, at `/reference`, from the same description as `/openapi.json`. It is several megabytes of
 * script, so it is loaded when somebody first asks for it.
 */
export const serveReference = (app: FastifyInstance, version: string): void => {
  let opening: Promise<FastifyInstance> | null = null
  const open = async () => {
    const { default: scalar } = await import('@scalar/fastify-api-reference')
    const page = Fastify()
    await page.register(scalar, {
      routePrefix: '/reference',
      configuration: {
        content: openapi(version),
        pageTitle: 'Penstock API',
        withDefaultFonts: false,
        hideClientButton: true,
        telemetry: false,
        agent: { disabled: true },
        mcp: { disabled: true },
      },
    })
    return page
  }
  const opened = () => {
    opening ??= open().catch(error => {
      opening = null
      throw error
    })
    return opening
  }
  for (const url of ['/reference', '/reference/*'])
    app.get(url, { config: { scope: 'open' } }, async (request, reply) => {
      const answer = await (await opened()).inject({ url: request.url })
      const { 'content-type': type, location } = answer.headers
      reply.code(answer.statusCode).headers({
        'content-security-policy': contentSecurity,
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(location === undefined ? {} : { location }),
      })
      return answer.rawPayload
    })
}
