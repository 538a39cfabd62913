/** The one table of routes: the server serves it, the client calls by it, /openapi.json prints it. */
import { z } from 'zod'
import * as answers from './answers.ts'
import * as requests from './requests.ts'

export interface Route {
  readonly method: 'GET' | 'POST'
  /** With `{name}` for what `params` describes. */
  readonly path: string
  readonly tag: 'ingestion' | 'knowledge bases' | 'search' | 'service'
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  readonly answer: z.ZodType
  /** Statuses that carry `answer`, each with when. */
  readonly statuses: Readonly<Record<number, string>>
  /** Statuses that carry an error body, each with when; 500 and the refusals of HTTP itself go without saying. */
  readonly errors: Readonly<Record<number, string>>
}

const route = <const R extends Route>(declared: R): R => Object.freeze(declared)

const invalid = { 422: 'Something in it is wrong; every mistake is named with its path.' } as const
const noJob = { 404: 'There is no such job.' } as const
const noKb = { 404: 'There is no such knowledge base.' } as const
const admission = {
  ...invalid,
  409: 'The knowledge base has an unfinished job (job_unfinished) or other settings (settings_conflict).',
  503: 'The queue is full; Retry-After says when to try again.',
} as const
const started = {
  tag: 'ingestion',
  answer: answers.accepted,
  statuses: { 202: 'The job is admitted; Location says where to follow it.' },
  errors: admission,
} as const
const ofJob = { tag: 'ingestion', answer: answers.jobStatus } as const

export const routes = {
  ingest: route({
    method: 'POST',
    path: '/ingest',
    summary: 'Ingest sources into a knowledge base, which is made if it is new',
    body: requests.ingestRequest,
    ...started,
  }),
  job: route({
    method: 'GET',
    path: '/ingest/{job_id}',
    summary: 'Status of a job',
    params: requests.byJob,
    ...ofJob,
    statuses: { 200: 'The job has ended.', 202: 'The job is unfinished.' },
    errors: noJob,
  }),
  start: route({
    method: 'POST',
    path: '/api/ingestion/kb/{kb_id}/start',
    summary: 'Ingest sources into the knowledge base of the path',
    params: requests.byKb,
    body: requests.startRequest,
    ...started,
  }),
  kbStatus: route({
    method: 'GET',
    path: '/api/ingestion/kb/{kb_id}/status',
    summary: 'Status of the newest job of a knowledge base',
    params: requests.byKb,
    ...ofJob,
    statuses: { 200: 'The newest job.' },
    errors: { 404: 'The knowledge base has had no job.' },
  }),
  jobs: route({
    method: 'GET',
    path: '/api/ingestion/jobs',
    tag: 'ingestion',
    summary: 'Jobs, newest first',
    query: requests.jobsQuery,
    answer: answers.jobList,
    statuses: { 200: 'The jobs that match.' },
    errors: invalid,
  }),
  deadLetters: route({
    method: 'GET',
    path: '/api/ingestion/jobs/{job_id}/dead-letters',
    tag: 'ingestion',
    summary: 'What a job had to reject, grouped by cause',
    params: requests.byJob,
    query: requests.deadLettersQuery,
    answer: answers.deadLetterList,
    statuses: { 200: 'The causes, with examples.' },
    errors: { ...noJob, ...invalid },
  }),
  knowledgeBases: route({
    method: 'GET',
    path: '/api/knowledge-bases',
    tag: 'knowledge bases',
    summary: 'All knowledge bases',
    answer: answers.knowledgeBaseList,
    statuses: { 200: 'All of them.' },
    errors: {},
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
export type CallOf<N extends RouteName> = Part<Routes[N], 'params', 'in'> &
  Part<Routes[N], 'query', 'in'> &
  Part<Routes[N], 'body', 'in'>
/** The same after validation, with defaults. */
export type InputOf<N extends RouteName> = Part<Routes[N], 'params', 'out'> &
  Part<Routes[N], 'query', 'out'> &
  Part<Routes[N], 'body', 'out'>
export type AnswerOf<N extends RouteName> = z.output<Routes[N]['answer']>
export type StatusOf<N extends RouteName> = keyof Routes[N]['statuses'] & number
