import assert from 'node:assert/strict'
import { pathToFileURL } from 'node:url'
import { documentId } from '../../src/schemas/identity.ts'
import { documents, folders } from '../system/scenario.ts'
import type { Kind } from './kind.ts'
import { pick } from './random.ts'
import type { Rig } from './rig.ts'
import { withinMs } from './under.ts'

/** One document of the corpus, as the knowledge base names it. */
const documentOf = ({ penstock }: Rig, kb: string, random: () => number): string => {
  // Of the last source, so that it is still to come.
  const i = folders * Math.floor((random() * documents) / folders) + folders - 1
  const folder = `${penstock.corpus}/${i % folders}`
  return documentId(kb, `markdown:${folder}`, pathToFileURL(`${folder}/d${i}.md`).href)
}

export const poisonKinds: readonly Kind[] = [
  {
    name: 'a record on which its stage breaks, replayed when it is mended',
    rows: [30],
    threatens: 'it stops its lane, takes its neighbours along, or its replay is loaded twice',
    takesMs: 20_000,
    async strike(rig, { job, kb, tell }, random) {
      const { penstock, failpoints } = rig
      const stage = pick(['chunking', 'embedding'] as const, random)
      const document = documentOf(rig, kb, random)
      const order = { point: 'stage.called', stage, document, action: 'break' } as const
      const pids = rig.workers(stage).map(({ pid }) => pid)
      let rejected = 0
      let note = ''
      await failpoints.during(pids, order, withinMs, async first => {
        await first
        const began = performance.now()
        await rig.heal()
        const ended = await penstock.ended(job, 120_000)
        rejected = ended.metrics.rejected
        note = `${rejected} of ${stage} were rejected, the job ended ${seconds(began)} s after the first of them`
      })
      const params = { job_id: job }
      const { dead_letters } = await penstock.client.deadLetterRecords({ params, query: { limit: 500 } })
      assert.deepEqual(
        new Set(dead_letters.map(one => [one.document_id, one.code].join())),
        new Set([`${document},failed_alone`]),
      )
      const replay = await penstock.client.replayDeadLetters({ params, body: {} })
      await penstock.worker(pick(['loading', 'chunking', 'embedding', 'indexing'] as const, random)).replace()
      const replayed = await penstock.ended(replay.job_id, 120_000)
      assert.partialDeepStrictEqual(replayed, { status: 'completed', metrics: { documents: 1, rejected: 0 } })
      assert.deepEqual(penstock.ledger.faults(replay.job_id), [])
      tell({ note, expected: { rejected, counted: false } })
    },
  },
]

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(1)
