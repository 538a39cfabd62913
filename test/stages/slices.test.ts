import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import { chunks, documents } from '../../src/schemas/topics.ts'
import type { SourceDocument } from '../../src/sources/source.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { foundAs, recordsOf } from '../../src/stages/loading/records.ts'
import { laneJob, openLine } from '../kit/line.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

const job: LaneJob = laneJob({ chunking: { strategy: 'markdown', chunk_size: 256, chunk_overlap: 32 } })

const text = (() => {
  const blocks = ['# A large document']
  for (let i = 0, size = 0; size < 3 * 1024 * 1024; i++) {
    const heading = i % 50 === 0 ? `${'#'.repeat(2 + (i % 3))} Section ${i}\n\n` : ''
    const code = i % 37 === 0 ? `\n\n\`\`\`ts\nconst valve${i} = open(${i})\n\`\`\`` : ''
    const block = `${heading}Paragraph ${i} speaks of valve ${(i * 7919) % 4001}. ${'Water flows. '.repeat(i % 20)}${code}`
    blocks.push(block)
    size += block.length + 2
  }
  return blocks.join('\n\n')
})()
const one: SourceDocument = { uri: 'file:///large.md', title: '', mediaType: 'text/markdown', text, metadata: {} }
const records = recordsOf(one, foundAs(one, job.kb_id, 'source'), job, 0)

/** What CHUNKING makes of the document when it takes slices of this size. */
const chunked = async (slice: { readonly records: number; readonly bytes: number }) => {
  const line = await openLine(1)
  const failed = (error: Error) => {
    throw error
  }
  await line.rule(0, job)
  for (const record of records) await line.write(documents, 0, [record])
  await line.write(documents, 0, [{ type: 'end_mark', job_id: job.job_id }])
  const { effect: _none, ...rest } = chunking()
  const gate = await openGate({ broker: line.broker, codec: line.codec, failed })
  const stage = await runStage({
    worker: 'w',
    stage: { ...rest, slice },
    broker: line.broker,
    gate,
    codec: line.codec,
    effects: null,
    retry: {},
    log: silent,
    failed,
  })
  const ended = async () => (await line.progress()).some(report => report.type === 'progress' && report.end_marks > 0)
  await until('the end mark', ended, 60_000)
  const found = await line.read(chunks)
  await stage.stop()
  await gate.close()
  await line.close()
  return found
}

test('a document of 3 MB gives the same chunks whatever the slice size', { timeout: 120_000 }, async () => {
  expect(records.length).toBeGreaterThan(10)
  const whole = await chunked({ records: 1000, bytes: 1e9 })
  expect(whole.filter(({ type }) => type === 'document_end')).toHaveLength(records.length)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2_000_000 }), async (most, bytes) => {
      expect(await chunked({ records: most, bytes })).toEqual(whole)
    }),
    { numRuns: 5 },
  )
})
