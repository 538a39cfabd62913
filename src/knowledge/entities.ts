import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { Maker } from './maker.ts'

/** A knowledge base and the settings it is made with. */
export const KnowledgeBaseRow = defineEntity({
  name: 'KnowledgeBaseRow',
  tableName: 'knowledge_base',
  properties: {
    id: p.text().primary(),
    /** Names its table of chunks: `chunks_<number>`. Never used twice. */
    number: p.integer().generated('always as identity'),
    embedding: p.json<LaneJob['embedding']>(),
    chunking: p.json<LaneJob['chunking']>(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})
export type KnowledgeBaseRow = InferEntity<typeof KnowledgeBaseRow>

/** A document as readers see it: the version that is active. A deleted one stays, so that no older version comes back. */
export const DocumentRow = defineEntity({
  name: 'DocumentRow',
  tableName: 'document',
  properties: {
    kbId: p.text().primary(),
    documentId: p.text().primary(),
    source: p.text(),
    uri: p.text(),
    title: p.text(),
    mediaType: p.text(),
    metadata: p.json<Readonly<Record<string, string>>>().defaultRaw(`'{}'`),
    activeVersion: p.bigint('number'),
    contentHash: p.text(),
    /** Of the chunking and embedding settings that the active version was made with. */
    settingsHash: p.text(),
    chunks: p.integer(),
    /** Chunks without a vector, found by text alone: the embedding of their text was rejected. */
    stubs: p.integer().default(0),
    deleted: p.boolean().default(false),
    updatedAt: p.datetime().defaultRaw('now()'),
    /** Of the active version: its job, the context of what stored it, the record it began with, and what made it. */
    jobId: p.text().nullable(),
    traceparent: p.text().nullable(),
    origin: p.text().nullable(),
    makerId: p.text().nullable(),
  },
})
export type DocumentRow = InferEntity<typeof DocumentRow>

/** What made documents: versions of code, settings and schemas. Its id is a hash of it. */
export const MakerRow = defineEntity({
  name: 'MakerRow',
  tableName: 'maker',
  properties: { id: p.text().primary(), madeBy: p.json<Maker>(), createdAt: p.datetime().defaultRaw('now()') },
})

/** A version that has rows, or ends of some of its parts; what is not active of these is pruned. */
export const DocumentVersionRow = defineEntity({
  name: 'DocumentVersionRow',
  tableName: 'document_version',
  properties: {
    kbId: p.text().primary(),
    documentId: p.text().primary(),
    version: p.bigint('number').primary(),
    /** Part to its number of chunks, for a document in several parts. */
    ends: p.json<Readonly<Record<string, number>>>().defaultRaw(`'{}'`),
  },
})
export type DocumentVersionRow = InferEntity<typeof DocumentVersionRow>

/** A document that a run found, whatever became of it. */
export const SeenRow = defineEntity({
  name: 'SeenRow',
  tableName: 'seen',
  properties: {
    kbId: p.text().primary(),
    run: p.bigint('number').primary(),
    documentId: p.text().primary(),
    source: p.text(),
  },
})
export type SeenRow = InferEntity<typeof SeenRow>

/** How far a run has listed one of its sources, and what its sweep left there. */
export const SourceListingRow = defineEntity({
  name: 'SourceListingRow',
  tableName: 'source_listing',
  properties: {
    kbId: p.text().primary(),
    run: p.bigint('number').primary(),
    /** Number of the source in the job. */
    sourceIndex: p.integer().primary(),
    source: p.text(),
    ended: p.boolean().default(false),
    /** Sentences about what could not be listed, as keys. */
    unlisted: p.json<Readonly<Record<string, true>>>().defaultRaw(`'{}'`),
    /** Documents of the source that were stored before the run. */
    known: p.bigint('number'),
    /** Why documents stay that the run did not see. */
    kept: p.text().nullable(),
  },
})
export type SourceListingRow = InferEntity<typeof SourceListingRow>

/** How far a stage's effects on the store have come in a lane, and who may go on (runtime/effects.ts). */
export const AppliedRow = defineEntity({
  name: 'AppliedRow',
  tableName: 'applied',
  properties: {
    jobId: p.text().primary(),
    stage: p.text().primary(),
    lane: p.integer().primary(),
    nextOffset: p.bigint('number').default(0),
    fence: p.bigint('number').default(1),
    rejects: p.json<readonly { offset: number; code: string; message: string }[]>().defaultRaw(`'[]'`),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
})
export type AppliedRow = InferEntity<typeof AppliedRow>

/** An address that the crawl of a job knows, and what became of it; deleted when the job is over. */
export const CrawlUrlRow = defineEntity({
  name: 'CrawlUrlRow',
  tableName: 'crawl_url',
  properties: {
    jobId: p.text().primary(),
    /** Which of the sources of the job. */
    sourceIndex: p.integer().primary(),
    /** From 0, in the order in which they were found. */
    number: p.bigint('number').primary(),
    url: p.text(),
    kind: p.text().$type<'page' | 'sitemap'>(),
    seed: p.boolean(),
    depth: p.integer(),
    hops: p.integer(),
    attempt: p.integer(),
    dueAt: p.datetime(),
    /** What it has in common with others that one program makes; bounds them. */
    pattern: p.text().nullable(),
    foundOn: p.text().nullable(),
    /** How often its host asked to be left alone. */
    waits: p.integer().default(0),
    state: p.text().default('pending'),
    textHash: p.text().nullable(),
    error: p.text().nullable(),
  },
})
export type CrawlUrlRow = InferEntity<typeof CrawlUrlRow>

/** What is kept of a page that became a document: what it is called by, so that it is sent again only when it changed. */
export const PageValidatorRow = defineEntity({
  name: 'PageValidatorRow',
  tableName: 'page_validator',
  properties: {
    kbId: p.text().primary(),
    documentId: p.text().primary(),
    /** Of the document that the page was then; of no use while the store has another. */
    contentHash: p.text(),
    revision: p.integer(),
    etag: p.text().nullable(),
    lastModified: p.text().nullable(),
    textHash: p.text(),
    links: p.json<readonly string[]>(),
  },
})
export type PageValidatorRow = InferEntity<typeof PageValidatorRow>

export const entities = [
  KnowledgeBaseRow,
  DocumentRow,
  MakerRow,
  DocumentVersionRow,
  SeenRow,
  SourceListingRow,
  AppliedRow,
  CrawlUrlRow,
  PageValidatorRow,
]
