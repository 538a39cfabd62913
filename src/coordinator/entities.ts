import { defineEntity, type InferEntity, type Opt, p } from '@mikro-orm/core'
import type { Phase } from '../schemas/names.ts'
import type { DocumentContent } from './dead-letters.ts'
import { IntakePartitionRow, ParkedEventRow } from './intake-entities.ts'
import type { Job } from './job-state.ts'
import type { JobKind, JobState, Submission, Verb } from './jobs.ts'
import { ScheduleRow } from './schedule-rows.ts'

/** A job: what was asked for, and its state machine as one JSON value. Times are the database's. */
export const JobRow = defineEntity({
  name: 'JobRow',
  tableName: 'job',
  properties: {
    id: p.text().primary(),
    /** Order of submission. */
    number: p.bigint('number').$type<Opt<number>>().generated('always as identity'),
    kbId: p.text(),
    kind: p.text().$type<JobKind>(),
    /** Copy of `state.status`, for the indexes. */
    status: p.text().$type<JobState>(),
    submission: p.json<Submission>(),
    state: p.json<Job>(),
    /** Run number of the kb; the high part of every version this job writes. */
    run: p.bigint('number'),
    /** Larger goes first. */
    priority: p.integer(),
    submittedAt: p.datetime().defaultRaw('now()'),
    startedAt: p.datetime().nullable(),
    completedAt: p.datetime().nullable(),
    /** A failed job that was given up: its lanes go to others and it cannot be retried. */
    closedAt: p.datetime().nullable(),
  },
})
export type JobRow = InferEntity<typeof JobRow>

/** What users ask of jobs, in order; applied by the coordinator. */
export const CommandRow = defineEntity({
  name: 'CommandRow',
  tableName: 'command',
  properties: {
    id: p.bigint('number').primary().autoincrement(),
    jobId: p.text(),
    verb: p.text().$type<'start' | Verb>(),
    /** One phase of the job, or null for all of it. */
    phase: p.text().$type<Phase>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    appliedAt: p.datetime().nullable(),
    /** Of the record of `job.commands` that it came by; null for those of the API. */
    commandId: p.text().nullable(),
    /** Why it was not carried out, where the job had moved on. */
    refusal: p.text().nullable(),
  },
})
export type CommandRow = InferEntity<typeof CommandRow>

/** A partition number and whose it is. The newest control record of a lane is a function of this row and its job's. */
export const LaneRow = defineEntity({
  name: 'LaneRow',
  tableName: 'lane',
  properties: {
    lane: p.integer().primary().autoincrement(false),
    jobId: p.text().nullable(),
    /** Of the newest control record planned for this lane. */
    revision: p.bigint('number').default(0),
    /** Topic to the first offset of the job in this lane. */
    starts: p.json<Readonly<Record<string, number>>>().defaultRaw(`'{}'`),
    /** The job is over here: `control` says free, the lane becomes free when that is published. */
    leaving: p.boolean().default(false),
  },
})
export type LaneRow = InferEntity<typeof LaneRow>

/**
 * One Kafka transaction of the coordinator, planned with the state it follows from. Its id is the revision of the
 * control records in it, so `control` itself tells whether it was committed. Deleted when it is known to be.
 */
export const PublicationRow = defineEntity({
  name: 'PublicationRow',
  tableName: 'publication',
  properties: {
    id: p.bigint('number').primary().autoincrement(false),
    records: p.json<readonly PlannedRecord[]>(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})
export type PublicationRow = InferEntity<typeof PublicationRow>

/** A record of a publication, before it is encoded. */
export interface PlannedRecord {
  readonly topic: string
  readonly lane: number
  readonly key: string
  readonly value: { readonly type: string }
}

/** How far the coordinator has read a lane of a topic; saved with what followed from the records. */
export const FollowedRow = defineEntity({
  name: 'FollowedRow',
  tableName: 'followed',
  properties: { topic: p.text().primary(), lane: p.integer().primary(), next: p.bigint('number') },
})
export type FollowedRow = InferEntity<typeof FollowedRow>

/** Who worked on the lanes of a stage when the coordinator looked last; it looks while there are unfinished jobs. */
export const StageOwnersRow = defineEntity({
  name: 'StageOwnersRow',
  tableName: 'stage_owners',
  properties: {
    stage: p.text().primary(),
    /** Lane to the name of its worker. */
    owners: p.json<Readonly<Record<string, string>>>(),
    seenAt: p.datetime(),
  },
})
export type StageOwnersRow = InferEntity<typeof StageOwnersRow>

/** A rejected input. Its place in the topic is its key, so that reading it twice stores it once. */
export const DeadLetterRow = defineEntity({
  name: 'DeadLetterRow',
  tableName: 'dead_letter',
  properties: {
    lane: p.integer().primary(),
    position: p.bigint('number').primary(),
    jobId: p.text(),
    kbId: p.text(),
    stage: p.text(),
    /** Where the rejected record itself is. */
    inputTopic: p.text(),
    inputLane: p.integer(),
    inputOffset: p.bigint('number'),
    code: p.text(),
    message: p.text(),
    attempts: p.integer(),
    uri: p.text().nullable(),
    documentId: p.text().nullable(),
    source: p.text().nullable(),
    traceId: p.text().nullable(),
    /** The rejected record, where it could be read. */
    input: p.json<StoredInput>().nullable(),
    /** Its first bytes, where it could not. */
    payload: p.blob().nullable(),
    /** The replay that took it up. */
    replayJobId: p.text().nullable(),
    /** Nobody wants it any more: its input is gone. */
    discardedAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})
export type DeadLetterRow = InferEntity<typeof DeadLetterRow>

/** A record as JSON; bytes in it are base64. */
export type StoredInput = Readonly<Record<string, unknown>>

/** What a replay loads again; deleted when its job is over. LOADING reads it through the store. */
export const ReplayDocumentRow = defineEntity({
  name: 'ReplayDocumentRow',
  tableName: 'replay_document',
  properties: {
    jobId: p.text().primary(),
    /** Which of the sources of the job. */
    sourceIndex: p.integer().primary(),
    /** From 0 in each source. */
    number: p.integer().primary(),
    documentId: p.text(),
    uri: p.text(),
    /** In place of what the source has. */
    edited: p.json<DocumentContent>().nullable(),
    /** Where the source has it no more. */
    stored: p.json<DocumentContent>().nullable(),
  },
})
export type ReplayDocumentRow = InferEntity<typeof ReplayDocumentRow>

export const entities = [
  JobRow,
  CommandRow,
  LaneRow,
  PublicationRow,
  FollowedRow,
  StageOwnersRow,
  DeadLetterRow,
  ReplayDocumentRow,
  ParkedEventRow,
  IntakePartitionRow,
  ScheduleRow,
]
