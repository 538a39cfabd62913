/** What jobs had to reject, and working it off; `INTAKE` stands for a job, with what was published and could not be routed. */
import * as letters from './dead-letters.ts'
import { byJob } from './requests.ts'
import { busy, invalid, noJob, route } from './route.ts'

const ofJob = { tag: 'dead letters', params: byJob } as const

export const deadLetterRoutes = {
  deadLetters: route({
    ...ofJob,
    method: 'GET',
    path: '/api/ingestion/jobs/{job_id}/dead-letters',
    summary: 'What a job had to reject, grouped by cause',
    query: letters.causesQuery,
    answer: letters.causes,
    statuses: { 200: 'The causes, with examples.' },
    errors: { ...noJob, ...invalid },
  }),
  deadLetterRecords: route({
    ...ofJob,
    method: 'GET',
    path: '/api/ingestion/jobs/{job_id}/dead-letters/records',
    summary: 'Single dead letters of a job with their inputs, page by page',
    query: letters.lettersQuery,
    answer: letters.letters,
    statuses: { 200: 'One page.' },
    errors: { ...noJob, ...invalid },
  }),
  dryRunReplay: route({
    ...ofJob,
    method: 'POST',
    path: '/api/ingestion/jobs/{job_id}/dead-letters/dry-run',
    summary: 'What a replay of dead letters would load: reads and cuts the first documents, changes nothing',
    body: letters.dryRunRequest,
    bodyOptional: true,
    timeoutMs: 120_000,
    answer: letters.dryRun,
    statuses: { 200: 'What it would load.' },
    errors: { ...noJob, ...invalid, ...busy },
  }),
  replayDeadLetters: route({
    ...ofJob,
    method: 'POST',
    path: '/api/ingestion/jobs/{job_id}/dead-letters/replay',
    summary: 'Load the documents of dead letters again, as a job of its own and at a bounded rate',
    body: letters.replayRequest,
    bodyOptional: true,
    answer: letters.replayAccepted,
    statuses: { 202: 'The job is admitted, and its dead letters are marked; Location says where to follow it.' },
    errors: {
      ...invalid,
      ...noJob,
      409: 'The knowledge base has an unfinished replay (job_unfinished), or nothing of it can be replayed (nothing_to_replay).',
      503: 'The queue is full; Retry-After says when to try again.',
    },
  }),
  discardDeadLetters: route({
    ...ofJob,
    method: 'POST',
    path: '/api/ingestion/jobs/{job_id}/dead-letters/discard',
    summary: 'Give up open dead letters: their inputs are deleted, and they cannot be replayed',
    body: letters.discardRequest,
    answer: letters.discarded,
    statuses: { 200: 'How many they were.' },
    errors: { ...noJob, ...invalid },
  }),
} as const
