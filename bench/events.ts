/**
 * What upstream systems publish, in bulk and as a trickle: two producers publish events with updates and deletions over a
 * few thousand uris while the broker is killed and comes back, and the end is compared with a replay in memory (exit code
 * 1 if it differs). Then single events, each from its publication until a search finds it.
 *
 *     npm run bench:events -- [--events 100000] [--uris 5000] [--seed 1] [--trickle 300] [--no-restart]
 */

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { openUpstream } from '../test/kit/upstream.ts'
import { drained, publishStory, searchable } from '../test/kit/upstream-story.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000' },
    uris: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    trickle: { type: 'string', default: '300' },
    'no-restart': { type: 'boolean', default: false },
  },
})
const [events, uris, seed, trickle] = [values.events, values.uris, values.seed, values.trickle].map(Number) as [
  number,
  number,
  number,
  number,
]
const postgres = await startTestPostgres()
const penstock = await openInstallation(
  ['api', 'coordinator', 'intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'],
  {},
  () => testDatabase(postgres.url),
)
const kb = 'accounts'
const seconds = (from: number) => ((performance.now() - from) / 1000).toFixed(1)

const { job_id } = await penstock.client.ingest({ body: { kb_id: kb, sources: [{ type: 'events' }], parallelism: 2 } })
const began = performance.now()
const expected = await publishStory(penstock, {
  ...{ kb, events, uris, seed },
  async halfWay() {
    if (values['no-restart']) return
    const at = performance.now()
    await penstock.restartKafka()
    console.log(`the broker was killed at ${((at - began) / 1000).toFixed(1)} s and was back after ${seconds(at)} s`)
  },
})
console.log(`${events} events over ${uris} uris were published in ${seconds(began)} s`)
const job = await drained(penstock, job_id, 1_200_000)
const took = (performance.now() - began) / 1000
console.log(
  `all of them were worked off after ${took.toFixed(1)} s: ${Math.round(events / took)} events/s; ` +
    `${job.metrics.documents} documents loaded, ${job.metrics.rejected} rejected`,
)
const { texts, hidden } = await searchable(penstock, kb)
const wrong = [...expected].filter(([uri, text]) => texts.get(uri) !== text)
const extra = [...texts.keys()].filter(uri => !expected.has(uri))
const { differences } = await penstock.client.verify({ params: { kb_id: kb }, query: {} })
console.log(
  `${expected.size} documents expected, ${texts.size} found; ${wrong.length} differ, ${extra.length} should be gone, ` +
    `${hidden} rows of old versions, verify finds ${differences.length} differences`,
)
for (const one of differences.slice(0, 5)) console.log(`  ${one.code}: ${one.message}`)

const upstream = await openUpstream(penstock.addresses.KAFKA_BROKERS.split(','))
const times: number[] = []
for (let i = 0; i < trickle; i++) {
  const word = `trickle${seed}x${i}`
  const at = performance.now()
  await upstream.publish(kb, [{ uri: `crm:trickle/${i}`, text: `A note with the word ${word} in it.` }])
  for (;;) {
    const { hits } = await penstock.client.search({ body: { kb_id: kb, query: word, mode: 'text', top_k: 1 } })
    if (hits.length > 0) break
    await delay(2)
  }
  times.push(performance.now() - at)
  await delay(50)
}
await upstream.close()
times.sort((a, b) => a - b)
const percentile = (p: number) =>
  `${Math.round(times[Math.min(times.length - 1, Math.floor(times.length * p))] ?? 0)} ms`
if (trickle > 0)
  console.log(
    `event to searchable, ${trickle} events: p50 ${percentile(0.5)}, p95 ${percentile(0.95)}, p99 ${percentile(0.99)}`,
  )
await penstock.close()
await postgres.stop()
process.exit(wrong.length + extra.length + hidden + differences.length === 0 ? 0 : 1)
