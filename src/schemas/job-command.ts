import { type Infer, optional, type RecordSchema, tag } from './avro.ts'

/** What an upstream system asks for by Kafka instead of HTTP. Each is carried out once, by its id. */
export const jobCommand = {
  type: 'record',
  name: 'JobCommand',
  namespace: 'penstock',
  doc: 'What an upstream system asks of Penstock; the outcome comes on job.events.',
  fields: [
    tag('job_command'),
    {
      name: 'command_id',
      type: 'string',
      doc: 'Chosen by the sender, unique for ever: a second one is not carried out.',
    },
    {
      name: 'verb',
      type: { type: 'enum', name: 'job_verb', symbols: ['start', 'pause', 'resume', 'cancel', 'retry'] },
    },
    { name: 'kb_id', type: 'string' },
    optional('phase', 'string', 'For pause, resume and retry: one phase of the job; null for all of it.'),
    optional('request', 'string', 'For start: the body of POST /api/ingestion/kb/{kb_id}/start, as JSON.'),
  ],
} as const satisfies RecordSchema

export type JobCommand = Infer<typeof jobCommand>

/** What became of a command. */
export const jobEvent = {
  type: 'record',
  name: 'JobEvent',
  namespace: 'penstock',
  doc: 'What became of a command.',
  fields: [
    tag('job_event'),
    { name: 'command_id', type: 'string' },
    { name: 'kb_id', type: 'string' },
    optional('job_id', 'string', 'The job it is about, or that it has started; null where there is none.'),
    { name: 'outcome', type: { type: 'enum', name: 'job_outcome', symbols: ['accepted', 'refused'] } },
    optional('code', 'string', 'Of a refusal: the code that the API has for it.'),
    optional('message', 'string', 'Of a refusal: a sentence.'),
  ],
} as const satisfies RecordSchema

export type JobEvent = Infer<typeof jobEvent>
