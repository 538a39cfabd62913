/** Starting jobs, seeing them, and telling them what to do. */
import * as answers from './answers.ts'
import * as requests from './requests.ts'
import { invalid, noJob, route } from './route.ts'

const admission = {
  ...invalid,
  409: 'The knowledge base has an unfinished job (job_unfinished) or other settings (settings_conflict), or it is being deleted (kb_deleting), or its name is taken (kb_taken).',
  503: 'The queue is full; Retry-After says when to try again.',
} as const
const started = {
  tag: 'ingestion',
  idempotent: true,
  answer: answers.accepted,
  statuses: { 202: 'The job is admitted; Location says where to follow it.' },
  errors: admission,
} as const
const ofJob = { tag: 'ingestion', answer: answers.jobStatus } as const

const demanded = {
  method: 'POST',
  tag: 'ingestion',
  params: requests.byKb,
  answer: answers.accepted,
  statuses: { 202: 'It is accepted; the status of the job says how far it is.' },
  errors: {
    ...invalid,
    404: 'The knowledge base has had no job, or not this one.',
    409: 'The state of the job forbids it (illegal_transition); the message names the state.',
  },
} as const

export const jobRoutes = {
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
  pause: route({
    ...demanded,
    path: '/api/ingestion/kb/{kb_id}/pause',
    summary: 'Pause a job of a knowledge base, or one phase of it',
    body: requests.phaseRequest,
    bodyOptional: true,
  }),
  resume: route({
    ...demanded,
    path: '/api/ingestion/kb/{kb_id}/resume',
    summary: 'Let a paused job, or one phase of it, go on',
    body: requests.phaseRequest,
    bodyOptional: true,
  }),
  cancel: route({
    ...demanded,
    path: '/api/ingestion/kb/{kb_id}/cancel',
    summary: 'Cancel a job of a knowledge base',
    body: requests.cancelRequest,
    bodyOptional: true,
  }),
  retry: route({
    ...demanded,
    path: '/api/ingestion/kb/{kb_id}/retry',
    summary: 'Let a failed job, or its failed phase, go on where it failed',
    body: requests.phaseRequest,
    bodyOptional: true,
  }),
  kbStatus: route({
    method: 'GET',
    path: '/api/ingestion/kb/{kb_id}/status',
    summary: 'Status of the newest run of a knowledge base',
    params: requests.byKb,
    ...ofJob,
    statuses: { 200: 'The newest run.' },
    errors: { 404: 'The knowledge base has had no job.' },
  }),
  jobs: route({
    method: 'GET',
    path: '/api/ingestion/jobs',
    tag: 'ingestion',
    summary: 'Jobs, newest first, page by page',
    query: requests.jobsQuery,
    answer: answers.jobPage,
    statuses: { 200: 'One page of the jobs that match.' },
    errors: invalid,
  }),
  jobEvents: route({
    method: 'GET',
    path: '/api/ingestion/jobs/{job_id}/events',
    ...ofJob,
    summary: 'Server-sent events of a job: its status at once and at every change, then `end`',
    params: requests.byJob,
    streams: true,
    statuses: { 200: 'The events; the stream ends with the job.' },
    errors: noJob,
  }),
} as const
