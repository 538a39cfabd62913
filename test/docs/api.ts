import { errorCodes } from '../../src/api/contract/error-codes.ts'
import type { Route } from '../../src/api/contract/route.ts'
import { routeScopes } from '../../src/api/contract/route-scopes.ts'
import { type RouteName, routes } from '../../src/api/contract/routes.ts'
import { tableOf } from './table-of.ts'

const byTag = Map.groupBy(Object.entries<Route>(routes), ([, { tag }]) => tag)

const row = ([name, { method, path, summary, statuses }]: readonly [string, Route]) => [
  `\`${method} ${path}\``,
  summary,
  Object.keys(statuses).join(', '),
  routeScopes[name as RouteName] === 'open' ? '' : `\`${routeScopes[name as RouteName]}\``,
  `\`client.${name}\``,
]

/** docs/API.md, from the table of routes and that of error codes. */
export const apiPage = (): string => `# The HTTP API

A running Penstock describes its API at \`/openapi.json\` (OpenAPI 3.1, from the same schemas that check requests), and shows it
on a page at \`/reference\`, which loads nothing from elsewhere. All JSON is snake_case; times are ISO 8601 in UTC.

- **Errors** have one shape, \`{"error": {"code", "message", "details", "request_id"}}\`. \`code\` is for programs and stays as it is;
  \`message\` is a sentence that says what to do. All mistakes of a request are told at once, each with its path.
- **\`X-Request-ID\`** is taken over, or made, sent back, and stands in the log.
- **Pages**: a list that can be long takes \`limit\` and \`after\`, and gives \`next\`, which goes into \`after\`; null on the last page.
- **ETags**: every answer to a GET has one but streams of events; with \`If-None-Match\` an unchanged answer is an empty 304, and
  an error is told again.
- **Keys**: on loopback none is needed, elsewhere \`Authorization: Bearer KEY\` with the scope that the table names;
  [SECURITY.md](SECURITY.md) has the rest.
- **\`Idempotency-Key\`** on what starts a job: for a day the same request with it is answered with the same job.
- **Errors 429 and 503** come with \`Retry-After\` in seconds.

In TypeScript the client is made from the same table: \`createClient(url)\` of \`penstock/client\`, a method a route, with
\`params\`, \`query\` and \`body\` typed, and \`ClientError\` with \`status\`, \`code\` and \`retryAfterSeconds\` for what is not a
success ([01-client.ts](../examples/01-client.ts)). What reads takes \`ifNoneMatch\`, an ETag or null, and says then whether it
has \`changed\`: \`{changed: true, etag, answer}\` or \`{changed: false, etag}\`.

${[...byTag]
  .map(
    ([tag, of]) =>
      `## ${tag}\n\n${tableOf(['route', 'what it does', 'success', 'scope', 'in the client'], of.map(row))}`,
  )
  .join('\n\n')}

## Codes of errors

${tableOf(
  ['code', 'when'],
  Object.entries(errorCodes).map(([code, when]) => [`\`${code}\``, when]),
)}
`
