import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { ApiError } from './api-error.ts'
import type { ApiPorts } from './ports.ts'

/** Nothing is loaded from, or told to, another host, and no script but its own runs: what is searched may be anybody's. */
const contentSecurity =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const home = '/console/'
/** Named by what is in it. */
const isAsset = (path: string) => /[\\/]assets[\\/]/.test(path)

/**
 * The console for browsers, at `/console/`: files that anybody may have, as they tell nothing. What it shows it asks of the
 * API, with the key that its user gives it.
 */
export const serveConsole = (app: FastifyInstance, { consoleFolder }: ApiPorts): void => {
  app.register(async pages => {
    pages.addHook('onRoute', route => {
      route.config = { ...route.config, scope: 'open' }
    })
    for (const url of ['/', '/console']) pages.get(url, (_, reply) => reply.redirect(home))
    if (consoleFolder === null) {
      pages.get(home, () => {
        throw new ApiError(404, 'console_not_built', 'The console is not built here: run `npm run build:console`.')
      })
      return
    }
    await pages.register(fastifyStatic, {
      root: consoleFolder,
      prefix: home,
      wildcard: false,
      decorateReply: false,
      cacheControl: false,
      setHeaders(reply, path) {
        reply.header('Content-Security-Policy', contentSecurity)
        if (isAsset(path)) reply.header('Cache-Control', 'public, max-age=31536000, immutable')
      },
    })
  })
}
