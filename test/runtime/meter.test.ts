import { expect, test } from 'vitest'
import { installFault } from '../../src/runtime/failpoint.ts'
import { openGate } from '../../src/runtime/gate.ts'
import type { SliceCount, StageMeter } from '../../src/runtime/meter.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import type { Document } from '../../src/schemas/document.ts'
import { chunks, documents } from '../../src/schemas/topics.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { laneJob, openLine } from '../kit/line.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

const document = (i: number): Document => ({
  ...{ type: 'document', job_id: 'job-1', document_id: `d${i}`, source: 'markdown:/docs', uri: `file:///${i}.md` },
  ...{ version: 1, title: 'A', media_type: 'text/markdown', content_hash: 'c', metadata: {}, part: 0, parts: 1 },
  ...{ offset: 0, heading_path: [], text: `# A\n\nText ${i}.`, deleted: false, language: null },
})

test('a slice that fails before its commit is counted when it has committed, and only then', async () => {
  let broken = 3
  installFault(point => {
    if (point === 'slice.ready' && broken-- > 0) throw new Error('lost')
  })
  const told: SliceCount[] = []
  const failures: string[] = []
  const meter: StageMeter = {
    sliceDone: slice => told.push(slice),
    failed: (stage, code, kind) => failures.push(`${stage} ${code} ${kind}`),
  }
  const line = await openLine(1)
  const failed = (error: Error) => expect.unreachable(error.message)
  const gate = await openGate({ broker: line.broker, codec: line.codec, failed })
  await line.rule(0, laneJob())
  await line.write(documents, 0, [document(0), document(1), { type: 'end_mark', job_id: 'job-1' }])
  const running = await runStage({
    ...{ worker: 'w', stage: chunking(), broker: line.broker, gate, codec: line.codec, effects: null },
    ...{ retry: {}, meter, log: silent, failed },
  })
  await until('the end mark', async () => (await line.read(chunks)).some(({ type }) => type === 'end_mark'))
  await running.stop()

  const sum = (of: (slice: SliceCount) => number) => told.reduce((all, slice) => all + of(slice), 0)
  expect([sum(slice => slice.documents), sum(slice => slice.chunksOut)]).toEqual([2, 2])
  expect(failures).toEqual(Array(3).fill('chunking unexpected wait'))
  await gate.close()
  await line.close()
})
