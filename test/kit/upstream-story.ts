import { setTimeout as delay } from 'node:timers/promises'
import type { Installation } from './installation.ts'
import { until } from './until.ts'
import { openUpstream } from './upstream.ts'

export interface StoryOptions {
  readonly kb: string
  readonly events: number
  readonly uris: number
  readonly seed: number
  /** Events that a producer sends at once; 200 unless stated. */
  readonly batch?: number
  /** Called once, when half of the events are published. */
  halfWay?(): Promise<void>
  /** Waited for after each batch. */
  between?(): Promise<void>
}

/** What upstream says of a uri, in order: its text, or null where the document is gone. */
interface Told {
  readonly uri: string
  readonly text: string | null
}

/** mulberry32. */
const random = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Events with updates and deletions, a function of the seed; a fifth of them delete. */
const storyOf = ({ events, uris, seed }: StoryOptions): Told[] => {
  const next = random(seed)
  return Array.from({ length: events }, (_, i) => {
    const uri = `crm:account/${Math.floor(next() * uris)}`
    if (next() < 0.2) return { uri, text: null }
    const words = Array.from({ length: 30 }, () => `word${Math.floor(next() * 5000)}`)
    return { uri, text: `Event ${i} of ${uri}: ${words.join(' ')}.` }
  })
}

/** Uri to text after all of it. */
const replayed = (story: readonly Told[]): ReadonlyMap<string, string> => {
  const state = new Map<string, string>()
  for (const { uri, text } of story)
    if (text === null) state.delete(uri)
    else state.set(uri, text)
  return state
}

const isOf = (producer: number) => (one: Told) => one.uri.charCodeAt(one.uri.length - 1) % 2 === producer

/**
 * Two upstream systems publish a story, each the uris that are its own, in order; each sends a batch again until Kafka has
 * it. Resolves with what a replay in memory gives, when all is published.
 */
export const publishStory = async (penstock: Installation, options: StoryOptions) => {
  const story = storyOf(options)
  const { batch = 200, halfWay, between } = options
  let published = 0
  let struck: Promise<void> | null = null
  const tell = async (producer: number) => {
    const mine = story.filter(isOf(producer))
    let upstream = await openUpstream(penstock.addresses.KAFKA_BROKERS.split(','))
    for (let from = 0; from < mine.length; from += batch) {
      const records = mine.slice(from, from + batch).map(({ uri, text }, i) => recordOf(options.kb, uri, text, i))
      for (let sent = false; !sent; )
        try {
          await upstream.send(records)
          sent = true
        } catch {
          await delay(200)
          await upstream.close().catch(() => undefined)
          upstream = await openUpstream(penstock.addresses.KAFKA_BROKERS.split(',')).catch(() => upstream)
        }
      published += records.length
      if (published >= story.length / 2) struck ??= halfWay?.() ?? null
      await between?.()
    }
    await upstream.close()
  }
  await Promise.all([tell(0), tell(1)])
  await struck
  return replayed(story)
}

/** Deletions come in both ways. */
const recordOf = (kb_id: string, uri: string, text: string | null, i: number) => {
  if (text === null && i % 2 === 0) return { key: uri, value: null, headers: { kb_id } }
  const value = text === null ? { kb_id, uri, deleted: true } : { kb_id, uri, text }
  return { key: uri, value: JSON.stringify(value) }
}

/** Waits until a stream has done all that was published. */
export const drained = async (penstock: Installation, jobId: string, withinMs: number) => {
  await until('INTAKE has read all', async () => (await unread(penstock)) === 0, withinMs)
  const { job_id, stage } = { job_id: jobId, stage: 'loading' }
  const job = await penstock.client.job({ params: { job_id } })
  const lane = job.lanes[0]!
  await until(
    'LOADING has read all',
    async () => {
      const { end } = await penstock.broker.range('load.requests', lane)
      return ((await penstock.committed(stage, 'load.requests', lane)) ?? 0) >= end - 1
    },
    withinMs,
  )
  return penstock.jobThat(
    jobId,
    'nothing is unfinished',
    ({ stream }) => stream?.unfinished_documents === 0 && stream.unfinished_chunks === 0,
    withinMs,
  )
}

/** A partition that was last written by a transaction of nobody has no marker: its unread records are real ones. */
const unread = async (penstock: Installation) => {
  const { partitions, parked } = await penstock.client
    .intake({})
    .catch(() => ({ partitions: [{ unread: 1 }], parked: [] }))
  return [...partitions.map(one => one.unread), parked.length].reduce((sum, one) => sum + one, 0)
}

/** Uri to text of all that can be searched of a knowledge base, and how many rows it has that cannot. */
export const searchable = async ({ pool }: Pick<Installation, 'pool'>, kb: string) => {
  const { rows: bases } = await pool.query<{ number: number }>('select number from knowledge_base where id = $1', [kb])
  const table = `chunks_${bases[0]!.number}`
  const { rows } = await pool.query<{ uri: string; text: string }>(
    `select d.uri, string_agg(c.text, ' ' order by c.position) as text from document d
     join ${table} c on c.document_id = d.document_id and c.version = d.active_version
     where d.kb_id = $1 and not d.deleted group by d.uri`,
    [kb],
  )
  const { rows: hidden } = await pool.query<{ count: string }>(
    `select count(*) from ${table} c join document d on d.document_id = c.document_id and d.kb_id = $1
     where c.version <> d.active_version or d.deleted`,
    [kb],
  )
  return { texts: new Map(rows.map(({ uri, text }) => [uri, text])), hidden: Number(hidden[0]!.count) }
}
