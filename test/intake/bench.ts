import { expect } from 'vitest'
import { ParkedEventRow } from '../../src/coordinator/intake-entities.ts'
import { createParking } from '../../src/coordinator/parked-events.ts'
import type { IntakeMeter } from '../../src/intake/meter.ts'
import { runIntake } from '../../src/intake/run-intake.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { openGate } from '../../src/runtime/gate.ts'
import type { LoadEvent } from '../../src/schemas/load-event.ts'
import { upstreamDocuments } from '../../src/schemas/topics.ts'
import type { useBench } from '../coordinator/bench.ts'
import { submission } from '../coordinator/submission.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

type Bench = ReturnType<typeof useBench>

/** What INTAKE is tried with: a real database and coordinator, a Kafka in memory, and upstream systems by hand. */
export const intakeBench = (bench: Bench) => {
  const parking = (records = 1000) =>
    createParking({
      ...{ em: bench.em, knowledgeBases, queueDepth: 50, most: { records, bytes: 1_000_000 } },
      readRequest: async (kb, json) => submission(kb, JSON.parse(json)),
      refused: (_, message) => expect.unreachable(message),
    })
  /** Starts a worker of INTAKE; returns the way to end it. */
  const start = async (records?: number, meter?: IntakeMeter) => {
    const { broker, codec } = bench.line
    const failed = (error: Error) => expect.unreachable(error.message)
    const gate = await openGate({ broker, codec, failed })
    const common = { broker, codec, gate, lanes: 4, askMs: 20, log: silent, failed }
    const running = await runIntake({ ...common, parking: parking(records), ...(meter && { meter }) })
    return async () => {
      await running.stop()
      await gate.close()
    }
  }
  const send = async (records: readonly { key: string; value: Buffer; headers?: Record<string, string> }[]) => {
    const transactor = await bench.line.broker.fence('upstream')
    const transaction = await transactor.begin()
    await transaction.send(upstreamDocuments.name, 0, records)
    await transaction.commit()
    await transactor.close()
  }
  const sent = async (): Promise<LoadEvent[]> =>
    (await bench.line.loadRequested()).flatMap(({ value }) => (value.type === 'load_event' ? [value] : []))
  const parked = (kbId: string) => bench.em.fork().count(ParkedEventRow, { kbId })
  return {
    parking,
    start,
    send,
    /** Documents of one knowledge base as JSON. */
    publish: (kb_id: string, documents: readonly { readonly uri: string; readonly text: string }[]) =>
      send(documents.map(one => ({ key: one.uri, value: Buffer.from(JSON.stringify({ kb_id, ...one })) }))),
    /** All events that were ever put into lanes. */
    sent,
    parked,
    async make(kb_id: string) {
      const { chunking, embedding } = submission(kb_id)
      await bench.em.fork().transactional(tx => knowledgeBases.create(tx, { kb_id, chunking, embedding }))
    },
    /** The running stream of a knowledge base, once it has lanes. */
    stream: (kb: string) =>
      until(`the stream of ${kb}`, async () => {
        const [job] = (await bench.jobs().list({ kb_id: kb, limit: 1, after: null }))!.jobs
        return job?.kind === 'stream' && job.lanes.length > 0 ? job : null
      }),
    async cancel(kb_id: string, job_id: string) {
      await bench.jobs().command({ kb_id, job_id, verb: 'cancel', phase: null })
      await bench.ended(job_id, 'cancelled')
      await until('its lanes are free', async () => (await bench.lanesOf(job_id)).length === 0)
    },
  }
}
