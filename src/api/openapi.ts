import { z } from 'zod'
import * as answers from './contract/answers.ts'
import * as letters from './contract/dead-letters.ts'
import { errorBody } from './contract/errors.ts'
import * as keys from './contract/keys.ts'
import * as previews from './contract/previews.ts'
import * as requests from './contract/requests.ts'
import type { Route } from './contract/route.ts'
import { routeScopes } from './contract/route-scopes.ts'
import { type RouteName, routes } from './contract/routes.ts'
import * as schedules from './contract/schedules.ts'
import { allows, scopes } from './contract/scopes.ts'
import * as verify from './contract/verify.ts'
import { answerHeaders, headerParameters, headersOf, headersOfError, unchanged } from './openapi-headers.ts'

type Json = Record<string, unknown>

const named = {
  input: {
    IngestRequest: requests.ingestRequest,
    StartRequest: requests.startRequest,
    PhaseRequest: requests.phaseRequest,
    SearchRequest: requests.searchRequest,
    RepairRequest: verify.repairRequest,
    ReplayRequest: letters.replayRequest,
    DryRunRequest: letters.dryRunRequest,
    DiscardRequest: letters.discardRequest,
    PreviewRequest: previews.previewRequest,
    KeyRequest: keys.keyRequest,
  },
  output: {
    Accepted: answers.accepted,
    JobStatus: answers.jobStatus,
    JobPage: answers.jobPage,
    DeadLetterCauses: letters.causes,
    DeadLetterPage: letters.letters,
    ReplayAccepted: letters.replayAccepted,
    DryRun: letters.dryRun,
    KnowledgeBase: answers.knowledgeBase,
    KnowledgeBasePage: answers.knowledgeBasePage,
    DocumentPage: answers.documentPage,
    SearchAnswer: answers.searchAnswer,
    Preview: previews.preview,
    CreatedKey: keys.createdKey,
    KeyList: keys.keyList,
    ScheduleList: schedules.scheduleList,
    VerifyReport: verify.verifyReport,
    RepairReport: verify.repairReport,
    Health: answers.health,
    Readiness: answers.readiness,
    Error: errorBody,
  },
} as const satisfies Record<'input' | 'output', Record<string, z.ZodType>>

const components = '#/components/schemas/'

/** The description of the whole API, OpenAPI 3.1, from the table of routes and the schemas that check requests. */
export const openapi = (version: string): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'Penstock',
    version,
    description:
      'Documents go in through Kafka, a searchable knowledge base comes out. All JSON is snake_case, times are ISO 8601 in UTC. ' +
      'Every answer that is not a success has the Error body; X-Request-ID is taken over or made, and sent back.',
  },
  paths: paths(),
  components: { schemas: { ...schemasOf('input'), ...schemasOf('output') }, headers: answerHeaders, securitySchemes },
})

const paths = (): Json => {
  const result: Record<string, Json> = {}
  for (const [name, route] of Object.entries<Route>(routes))
    result[route.path] = { ...result[route.path], [route.method.toLowerCase()]: operation(name, route) }
  return result
}

const operation = (name: string, route: Route): Json => ({
  operationId: name,
  tags: [route.tag],
  summary: route.summary,
  security: security(name as RouteName),
  parameters: [...parameters('path', route.params), ...parameters('query', route.query), ...headerParameters(route)],
  ...(route.octets ? { requestBody: { required: true, content: octets } } : {}),
  ...(route.body === undefined
    ? {}
    : { requestBody: { required: route.bodyOptional !== true, content: json(route.body) } }),
  responses: Object.fromEntries([
    ...Object.entries(route.statuses).map(([status, description]) => [
      status,
      { description, headers: headersOf(route, status), content: route.streams ? events : json(route.answer) },
    ]),
    ...Object.entries(unchanged(route)),
    ...Object.entries({ ...refusals(name as RouteName, route), ...route.errors }).map(([status, description]) => [
      status,
      { description, headers: headersOfError(status), content: json(errorBody) },
    ]),
  ]),
})

const octets: Json = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }

/** OpenAPI cannot say what the data of an event is; the sentence of the route does. */
const events: Json = { 'text/event-stream': { schema: { type: 'string' } } }

const key = 'key'
const securitySchemes: Json = {
  [key]: {
    type: 'http',
    scheme: 'bearer',
    description: `A key that \`penstock keys create\` made. Its scopes: ${scopes.join(', ')}; admin has the others too. On loopback none is needed.`,
  },
}

/** The scopes of which one is needed; none where no key is. */
const security = (name: RouteName): Json[] => {
  const needed = routeScopes[name]
  return needed === 'open' ? [] : scopes.filter(scope => allows([scope], needed)).map(scope => ({ [key]: [scope] }))
}

const refusals = (name: RouteName, route: Route): Record<number, string> => ({
  ...(routeScopes[name] === 'open'
    ? {}
    : {
        401: 'It needs a key: none was sent (no_key), or one that is not good (bad_key).',
        403: 'The key lacks the scope (scope_missing), or a page of another site asks (cross_site).',
        429: 'Too many requests in a minute (rate_limited); Retry-After says when to try again.',
      }),
  ...(route.body === undefined
    ? {}
    : { 400: 'The body is not JSON.', 413: 'The body is too large.', 415: 'The body is not application/json.' }),
  500: 'A fault of the service; its log has the request_id.',
})

const json = (schema: z.ZodType): Json => {
  const known = Object.entries({ ...named.input, ...named.output }).find(([, one]) => one === schema)
  return { 'application/json': { schema: known === undefined ? inline(schema) : { $ref: components + known[0] } } }
}

const parameters = (place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] => {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' })
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: one,
  }))
}

const inline = (schema: z.ZodType): Json => withoutNames(z.toJSONSchema(schema, { io: 'output' }))

const schemasOf = (side: 'input' | 'output'): Json => {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries<z.ZodType>(named[side])) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { io: side, uri: id => components + id })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutNames(schema)]))
}

const withoutNames = ({ $schema: _, $id: __, ...schema }: Json): Json => schema
