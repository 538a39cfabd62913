import assert from 'node:assert/strict'
import type { Kind } from './kind.ts'
import type { Rig } from './rig.ts'

const versions = 3
const documents = 30
const body = (document: number, version: number) =>
  `# Leaflet ${document}\n\n` +
  Array.from({ length: 4 }, (_, i) => `## Part ${i}\n\nleaflet${document} edition${version} `.repeat(20)).join('\n\n')

/** What a search for a document gives: its editions, and what is wrong with the answer. */
const editions = async ({ penstock }: Rig, kb: string, document: number): Promise<ReadonlySet<string>> => {
  const query = { query: `leaflet${document}`, mode: 'text' as const, top_k: 50 }
  const search = () => penstock.client.search({ body: { kb_id: kb, ...query } })
  // Asked again where no answer came: it is answers that are held against one another.
  const { hits } = await search().catch(error => {
    if (error.status !== 503 && error.status !== 0) throw error
    return search()
  })
  const own = hits.filter(({ text }) => text.includes(`leaflet${document} `))
  return new Set(own.map(({ text }) => /edition\d+/.exec(text)![0]))
}

/** Searches without a pause until `work` has ended; every answer has to be of one edition, and none older than the last. */
const searching = async (rig: Rig, kb: string, work: () => Promise<void>) => {
  const last = new Map<number, string>()
  let over = false
  let reads = 0
  const read = async () => {
    for (; !over; reads++) {
      const document = reads % documents
      const found = [...(await editions(rig, kb, document))]
      assert.equal(found.length, 1, `an answer of editions ${found.join(', ') || 'none'}`)
      const before = last.get(document)
      assert.ok(before === undefined || before <= found[0]!, `${found[0]} was seen after ${before}`)
      last.set(document, found[0]!)
    }
  }
  const working = work().finally(() => {
    over = true
  })
  // A worker that is being replaced is not left to the next fault.
  const [reading, worked] = await Promise.allSettled([read(), working])
  for (const one of [worked, reading]) if (one.status === 'rejected') throw one.reason
  return reads
}

export const jobKinds: readonly Kind[] = [
  {
    name: 'cancel in the middle, and the same at once again',
    rows: [17],
    threatens: 'what was cancelled goes on beside what is new',
    takesMs: 10_000,
    async strike(rig, { job, kb, tell }) {
      const { client, jobThat, ledger } = rig.penstock
      await client.cancel({ params: { kb_id: kb }, body: {} })
      const { status } = await jobThat(job, 'the cancel', ({ completed_at }) => completed_at !== null)
      assert.equal(status, 'cancelled')
      await ledger.caughtUp()
      const slices = ledger.of(job).length
      const again = await rig.start(kb)
      await rig.seen(again, 'loading')
      await ledger.caughtUp()
      assert.equal(ledger.of(job).length, slices, 'slices of the job that was cancelled')
      tell({ job: again, expected: { counted: false } })
    },
  },
  {
    name: 'ingested again while it is searched, and a worker killed',
    rows: [34],
    threatens: 'an answer is empty, mixed, or goes back to what was before',
    takesMs: 20_000,
    async strike(rig, { kb, tell }) {
      const { penstock } = rig
      const own = `${kb}-leaflets`
      const ingest = async (version: number) => {
        for (let i = 0; i < documents; i++) penstock.write(`${own}/${i}.md`, body(i, version))
        const { job_id } = await penstock.client.ingest({
          body: {
            kb_id: own,
            sources: [{ type: 'markdown', path: `${penstock.corpus}/${own}` }],
            chunking: { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 },
            embedding: { provider: 'openai', model: own, dimensions: 16 },
          },
        })
        return job_id
      }
      assert.equal((await penstock.ended(await ingest(1), rig.withinMs)).status, 'completed')
      const reads = await searching(rig, own, async () => {
        for (let version = 2; version <= versions; version++) {
          const job = await ingest(version)
          await rig.seen(job, 'indexing')
          await penstock.worker('indexing').replace()
          assert.equal((await penstock.ended(job, 120_000)).status, 'completed')
        }
      })
      for (let i = 0; i < documents; i++)
        assert.deepEqual([...(await editions(rig, own, i))], [`edition${versions}`], 'what is found in the end')
      assert.deepEqual(await penstock.halfWritten(own), [], 'versions that nobody sees')
      tell({ note: `${reads} searches, each of one edition` })
    },
  },
]
