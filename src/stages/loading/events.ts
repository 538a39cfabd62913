import { Fatal, Reject } from '../../runtime/errors.ts'
import { emit, type Outcome, type StageContext } from '../../runtime/stage.ts'
import type { Document } from '../../schemas/document.ts'
import { documentId, eventsSource, laneOf, versionOf, versionsOfRun } from '../../schemas/identity.ts'
import type { LoadEvent } from '../../schemas/load-event.ts'
import { documents } from '../../schemas/topics.ts'
import { foundAs, recordsOf } from './records.ts'

/**
 * The records of a document that an upstream system sent. Its place in the stream's lane is the low part of its version:
 * larger came later, and a redelivery gives the same. Nothing is skipped as unchanged: an earlier version of it may be on
 * its way.
 */
export const sent = (event: LoadEvent, context: StageContext): Outcome<typeof documents> => {
  const { job } = context
  const ordinal = context.placeOf(event)
  if (ordinal >= versionsOfRun)
    throw new Fatal('stream_full', 'The stream has numbered 2^32 records: cancel it, and start the next.')
  const id = documentId(job.kb_id, eventsSource, event.uri)
  const lane = laneOf(id, job.lanes)
  if (event.deleted) return [emit(documents, id, deleted(event, id, job.job_id, versionOf(job.run, ordinal)), lane)]
  if (event.text.trim() === '') {
    const reject = new Reject('empty_document', `${event.uri} is empty: there is no text to index.`)
    return [{ discard: reject, uri: event.uri, document: { id, source: eventsSource } }]
  }
  const { uri, title, media_type: mediaType, text, metadata, language } = event
  const one = { uri, title, mediaType, text, metadata }
  return recordsOf(one, foundAs(one, job.kb_id, eventsSource), job, ordinal, language).map(record =>
    emit(documents, id, record, lane),
  )
}

const deleted = ({ uri, metadata, media_type }: LoadEvent, id: string, jobId: string, version: number): Document => ({
  type: 'document',
  job_id: jobId,
  document_id: id,
  source: eventsSource,
  uri,
  version,
  title: '',
  media_type,
  content_hash: '',
  metadata,
  part: 0,
  parts: 0,
  offset: 0,
  heading_path: [],
  text: '',
  deleted: true,
  language: null,
})
