/** The one table of routes: the server serves it, the client calls by it, /openapi.json prints it. */
import { z } from 'zod'
import * as answers from './answers.ts'
import { deadLetterRoutes } from './dead-letter-routes.ts'
import { explainRoutes } from './explain-routes.ts'
import { jobRoutes } from './job-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { previewRoutes } from './preview-routes.ts'
import * as requests from './requests.ts'
import { invalid, noKb, type Route, route } from './route.ts'
import { scheduleRoutes } from './schedule-routes.ts'
import { tableRoutes } from './table-routes.ts'
import { uploadRoutes } from './upload-routes.ts'
import { verifyRoutes } from './verify-routes.ts'

export const routes = {
  ...jobRoutes,
  ...deadLetterRoutes,
  ...uploadRoutes,
  ...verifyRoutes,
  ...tableRoutes,
  ...scheduleRoutes,
  ...previewRoutes,
  ...explainRoutes,
  ...keyRoutes,
  knowledgeBases: route({
    method: 'GET',
    path: '/api/knowledge-bases',
    tag: 'knowledge bases',
    summary: 'Knowledge bases, page by page',
    query: requests.knowledgeBasesQuery,
    answer: answers.knowledgeBasePage,
    statuses: { 200: 'One page, in the order of their ids.' },
    errors: invalid,
  }),
  knowledgeBase: route({
    method: 'GET',
    path: '/api/knowledge-bases/{kb_id}',
    tag: 'knowledge bases',
    summary: 'A knowledge base: its settings and what it holds',
    params: requests.byKb,
    answer: answers.knowledgeBase,
    statuses: { 200: 'The knowledge base.' },
    errors: noKb,
  }),
  changeKnowledgeBase: route({
    method: 'PATCH',
    path: '/api/knowledge-bases/{kb_id}',
    tag: 'knowledge bases',
    summary: 'Change how the documents of a knowledge base are cut by jobs that do not say it themselves',
    params: requests.byKb,
    body: requests.knowledgeBaseChange,
    answer: answers.knowledgeBase,
    statuses: {
      200: 'The knowledge base as it is now. The next jobs, those of its schedules too, make its documents anew; a job that is unfinished goes on as it began.',
    },
    errors: { ...noKb, ...invalid },
  }),
  deleteKnowledgeBase: route({
    method: 'DELETE',
    path: '/api/knowledge-bases/{kb_id}',
    tag: 'knowledge bases',
    summary: 'Delete a knowledge base with all that is in it, and give its name back; its jobs are cancelled',
    params: requests.byKb,
    answer: answers.deletion,
    statuses: {
      202: 'It is being deleted; it answers, with `deletion`, until it is gone. Asked again, nothing changes.',
    },
    errors: noKb,
  }),
  documents: route({
    method: 'GET',
    path: '/api/knowledge-bases/{kb_id}/documents',
    tag: 'knowledge bases',
    summary: 'Documents of a knowledge base, page by page',
    params: requests.byKb,
    query: requests.documentsQuery,
    answer: answers.documentPage,
    statuses: { 200: 'One page.' },
    errors: { ...noKb, ...invalid },
  }),
  search: route({
    method: 'POST',
    path: '/api/search',
    tag: 'search',
    summary: 'Search a knowledge base',
    body: requests.searchRequest,
    answer: answers.searchAnswer,
    statuses: { 200: 'The best hits first.' },
    errors: { ...noKb, ...invalid, 503: 'The embedding model cannot be asked now; Retry-After says when.' },
  }),
  intake: route({
    method: 'GET',
    path: '/api/intake',
    tag: 'ingestion',
    summary: 'How far INTAKE has read what upstream systems published, and what waits for its stream',
    answer: answers.intakeStatus,
    statuses: { 200: 'Each partition, and each knowledge base of which events are parked.' },
    errors: {},
  }),
  health: route({
    method: 'GET',
    path: '/healthz',
    tag: 'service',
    summary: 'The process is alive',
    answer: answers.health,
    statuses: { 200: 'It is.' },
    errors: {},
  }),
  readiness: route({
    method: 'GET',
    path: '/readyz',
    tag: 'service',
    summary: 'Whether what it depends on answers, each by name',
    answer: answers.readiness,
    statuses: { 200: 'Ready for work.', 503: 'Something it depends on does not answer.' },
    errors: {},
  }),
  metricsTargets: route({
    method: 'GET',
    path: '/metrics/targets',
    tag: 'service',
    summary: 'Where the /metrics of all processes are, for the http_sd_configs of Prometheus',
    answer: answers.metricsTargets,
    statuses: { 200: 'One group.' },
    errors: {},
  }),
  openapi: route({
    method: 'GET',
    path: '/openapi.json',
    tag: 'service',
    summary: 'This description, OpenAPI 3.1',
    answer: z.record(z.string(), z.unknown()),
    statuses: { 200: 'The description.' },
    errors: {},
  }),
} as const satisfies Readonly<Record<string, Route>>

export type Routes = typeof routes
export type RouteName = keyof Routes

type Part<R, K extends string, Side extends 'in' | 'out'> = R extends { readonly [key in K]: infer S extends z.ZodType }
  ? { readonly [key in K]: Side extends 'in' ? z.input<S> : z.output<S> }
  : unknown

/** What a caller gives for a route: `params`, `query` and `body`, as far as it has them. */
export type CallOf<N extends RouteName> = (Routes[N] extends { readonly octets: true }
  ? { readonly octets: ReadableStream<Uint8Array> | Blob }
  : unknown) &
  (Routes[N] extends { readonly idempotent: true } ? { readonly idempotencyKey?: string } : unknown) &
  Part<Routes[N], 'params', 'in'> &
  Part<Routes[N], 'query', 'in'> &
  Part<Routes[N], 'body', 'in'>
/** The same after validation, with defaults. */
export type InputOf<N extends RouteName> = Part<Routes[N], 'params', 'out'> &
  Part<Routes[N], 'query', 'out'> &
  Part<Routes[N], 'body', 'out'>
export type AnswerOf<N extends RouteName> = z.output<Routes[N]['answer']>
export type StatusOf<N extends RouteName> = keyof Routes[N]['statuses'] & number
