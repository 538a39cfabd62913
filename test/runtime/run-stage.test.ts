import { afterEach, describe, expect, test } from 'vitest'
import { Fatal, Reject, Wait } from '../../src/runtime/errors.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { type Running, runStage } from '../../src/runtime/run-stage.ts'
import { defineStage, emit } from '../../src/runtime/stage.ts'
import type { Document } from '../../src/schemas/document.ts'
import { chunks, documents, type RecordOf } from '../../src/schemas/topics.ts'
import { laneJob, openLine } from '../kit/line.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

const documentOf = (text: string, job = 'job-1'): Document => ({
  type: 'document',
  job_id: job,
  document_id: text,
  source: 's',
  uri: `file:///${text}`,
  version: 1,
  title: text,
  media_type: 'text/markdown',
  content_hash: 'h',
  metadata: {},
  part: 0,
  parts: 1,
  offset: 0,
  heading_path: [],
  text,
  deleted: false,
  language: null,
})
const endOf = (job = 'job-1') => ({ type: 'end_mark', job_id: job }) as const

type Work = (texts: readonly string[], signal: AbortSignal) => Promise<void> | void

/** Turns each document into one chunk; `work` stands for whatever a stage does meanwhile. */
const copying = (work: Work = () => undefined, size = 4) =>
  defineStage({
    name: 'chunking',
    phase: 'CHUNKING',
    from: documents,
    to: [chunks],
    slice: { records: size, bytes: 1e6 },
    async transform(inputs, { signal }) {
      const found = inputs.filter(input => input.type === 'document')
      await work(
        found.map(({ text }) => text),
        signal,
      )
      return found.map(({ job_id, document_id, version, text }) => [
        emit(chunks, document_id, {
          type: 'chunk',
          job_id,
          document_id,
          version,
          chunk_id: document_id,
          position: 0,
          offset: 0,
          heading_path: [],
          text,
          tokens: 1,
        }),
      ])
    },
  })

type Line = Awaited<ReturnType<typeof openLine>>
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const setUp = async () => {
  const line = await openLine()
  ends.push(() => line.close())
  return line
}
const failed = (error: Error) => {
  throw error
}
const start = async (line: Line, stage = copying()): Promise<Running> => {
  const broker = line.kafka.connect()
  const gate = await openGate({ broker, codec: line.codec, failed })
  const running = await runStage({
    worker: 'w',
    stage,
    broker,
    gate,
    codec: line.codec,
    effects: null,
    retry: { maxAttempts: 3, maxDelayMs: 1 },
    log: silent,
    failed,
  })
  ends.push(async () => {
    await running.stop()
    await gate.close()
    await broker.close()
  })
  return running
}
const texts = (records: readonly RecordOf<typeof chunks>[]) =>
  records.map(record => (record.type === 'chunk' ? record.text : record.type))
const ended = async (line: Line, lane = 0) =>
  until('the end mark', async () => texts(await line.read(chunks, lane)).includes('end_mark'))

describe('runStage', () => {
  test('turns records into records, passes the end mark on, and reports ranges that touch', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    await start(line)
    await line.write(
      documents,
      0,
      ['a', 'b', 'c'].map(text => documentOf(text)),
    )
    await line.write(documents, 0, [...['d', 'e', 'f'].map(text => documentOf(text)), endOf()])
    await ended(line)

    expect(texts(await line.read(chunks))).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'end_mark'])
    const reports = (await line.progress()).filter(report => report.type === 'progress')
    expect(reports[0]!.first).toBe(0)
    reports.slice(1).forEach((report, i) => {
      expect(report.first).toBe(reports[i]!.next)
    })
    expect(reports.reduce((sum, { items }) => sum + items, 0)).toBe(6)
    expect(reports.reduce((sum, { outputs }) => sum + outputs, 0)).toBe(6)
    expect(reports.map(({ end_marks }) => end_marks).reduce((a, b) => a + b)).toBe(1)
    expect(await line.broker.committed('chunking', 'documents', 0)).toBe(reports.at(-1)!.next)
  })

  test('finds the one record that is rejected and goes on with the others', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    const stage = copying(found => {
      if (found.includes('bad')) throw new Reject('unreadable', 'nobody can read this')
    })
    await start(line, stage)
    await line.write(documents, 0, [...['a', 'bad', 'c'].map(text => documentOf(text)), endOf()])
    await ended(line)

    expect(texts(await line.read(chunks))).toEqual(['a', 'c', 'end_mark'])
    expect(await line.deadLetters()).toMatchObject([
      { stage: 'chunking', code: 'unreadable', uri: 'file:///bad', document_id: 'bad', offset: 1 },
    ])
    const rejects = (await line.progress()).map(report => (report.type === 'progress' ? report.rejects : 0))
    expect(rejects.reduce((a, b) => a + b)).toBe(1)
  })

  test('a record on which the stage breaks while its neighbours pass is rejected at the last attempt', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    const tried: (readonly string[])[] = []
    const stage = copying(found => {
      tried.push(found)
      if (found.includes('bad')) throw new TypeError('cannot read properties of undefined')
    })
    await start(line, stage)
    await line.write(documents, 0, [...['a', 'bad', 'c'].map(text => documentOf(text)), endOf()])
    await ended(line)

    expect(texts(await line.read(chunks))).toEqual(['a', 'c', 'end_mark'])
    const [letter, ...more] = await line.deadLetters()
    expect(more).toEqual([])
    expect(letter).toMatchObject({ code: 'failed_alone', uri: 'file:///bad', offset: 1, attempts: 3 })
    expect(letter?.message).toMatch(/TypeError: cannot read properties of undefined/)
    const all = ['a', 'bad', 'c']
    expect(tried.slice(0, 7)).toEqual([all, all, all, ['a'], ['bad', 'c'], ['bad'], ['c']])
    expect((await line.progress()).filter(report => report.type === 'phase_failure')).toEqual([])
  })

  test('a stage that breaks on every record fails its phase, and rejects none', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    await start(
      line,
      copying(() => {
        throw new TypeError('not a function')
      }),
    )
    await line.write(documents, 0, [...['a', 'b', 'c'].map(text => documentOf(text)), endOf()])
    const failures = async () => (await line.progress()).filter(report => report.type === 'phase_failure')
    await until('the failure', async () => (await failures()).length > 0)
    expect(await failures()).toMatchObject([{ offset: 0, message: 'not a function' }])
    expect(await line.deadLetters()).toEqual([])
    expect(texts(await line.read(chunks))).toEqual([])
  })

  test('what a provider or a database answers is never the fault of a record, however often', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    const stage = copying(found => {
      if (found.includes('bad')) throw Object.assign(new Error('overloaded'), { code: 'provider_503' })
    })
    await start(line, stage)
    await line.write(documents, 0, [...['a', 'bad', 'c'].map(text => documentOf(text)), endOf()])
    const failures = async () => (await line.progress()).filter(report => report.type === 'phase_failure')
    await until('the failure', async () => (await failures()).length > 0)
    expect(await failures()).toMatchObject([{ code: 'provider_503' }])
    expect(await line.deadLetters()).toEqual([])
  })

  test('no step of a job is rejected: where the stage breaks on one, its phase fails', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    const stage = copying(found => {
      if (found.includes('bad')) throw new TypeError('not a function')
    })
    await start(line, { ...stage, isStep: () => true })
    await line.write(documents, 0, [...['a', 'bad', 'c'].map(text => documentOf(text)), endOf()])
    const failures = async () => (await line.progress()).filter(report => report.type === 'phase_failure')
    await until('the failure', async () => (await failures()).length > 0)
    expect(await line.deadLetters()).toEqual([])
  })

  test('bytes that nobody can decode go to the dead letters', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    await start(line)
    const transactor = await line.broker.fence('stranger')
    const transaction = await transactor.begin()
    await transaction.send('documents', 0, [{ key: 'k', value: Buffer.from('not avro at all') }])
    await transaction.commit()
    await transactor.close()
    await line.write(documents, 0, [documentOf('a'), endOf()])
    await ended(line)
    expect(await line.deadLetters()).toMatchObject([{ code: 'undecodable', offset: 0 }])
    expect(texts(await line.read(chunks))).toEqual(['a', 'end_mark'])
  })

  test('an error is retried from the committed offset, and what had been done is not done again', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    let failures = 2
    const seen: string[] = []
    const stage = copying(found => {
      if (found.includes('c') && failures-- > 0) throw new Error('flaky')
      seen.push(...found)
    }, 2)
    await start(line, stage)
    await line.write(documents, 0, [...['a', 'b', 'c', 'd'].map(text => documentOf(text)), endOf()])
    await ended(line)
    expect(texts(await line.read(chunks))).toEqual(['a', 'b', 'c', 'd', 'end_mark'])
    expect(seen).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a phase that fails says so once, keeps its offset, and goes on at that record with the next attempt', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    let calls = 0
    let mended = false
    const stage = copying(found => {
      calls++
      if (found.includes('b') && !mended) throw new Fatal('http_401', 'the key is wrong')
    }, 1)
    await start(line, stage)
    await line.write(documents, 0, [...['a', 'b', 'c'].map(text => documentOf(text)), endOf()])
    const failures = async () => (await line.progress()).filter(report => report.type === 'phase_failure')
    await until('the failure', async () => (await failures()).length > 0)
    expect(await failures()).toMatchObject([{ stage: 'chunking', lane: 0, attempt: 1, offset: 1, code: 'http_401' }])
    expect(texts(await line.read(chunks))).toEqual(['a'])
    expect(calls).toBe(2)

    mended = true
    await line.rule(0, laneJob({ attempt: 2 }))
    await ended(line)
    expect(texts(await line.read(chunks))).toEqual(['a', 'b', 'c', 'end_mark'])
    expect(await failures()).toHaveLength(1)
  })

  test('a Wait burns no attempt', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    let waits = 10
    await start(
      line,
      copying(() => {
        if (waits-- > 0) throw new Wait('http_429', 'slow down', 1)
      }),
    )
    await line.write(documents, 0, [documentOf('a'), endOf()])
    await ended(line)
    expect(texts(await line.read(chunks))).toEqual(['a', 'end_mark'])
  })

  test('a held stage works on nothing of its lane, other lanes go on, and release goes on at the held record', async () => {
    const line = await setUp()
    const worked: string[] = []
    await line.rule(0, laneJob(), { held: ['chunking'] })
    await line.rule(1, laneJob({ job_id: 'job-2', lanes: [1] }))
    await start(
      line,
      copying(found => {
        worked.push(...found)
      }),
    )
    await line.write(documents, 0, [documentOf('held'), endOf()])
    await line.write(documents, 1, [documentOf('free', 'job-2'), endOf('job-2')])
    await ended(line, 1)
    expect(worked).toEqual(['free'])
    await line.rule(0, laneJob())
    await ended(line, 0)
    expect(texts(await line.read(chunks, 0))).toEqual(['held', 'end_mark'])
  })

  test('a hold aborts the slice in hand, and nothing of it is seen', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>()
    let first = true
    await start(
      line,
      copying(async (_, signal) => {
        if (!first) return
        first = false
        enter()
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }),
    )
    await line.write(documents, 0, [documentOf('a'), endOf()])
    await entered
    await line.rule(0, laneJob(), { held: ['chunking'] })
    await line.rule(0, laneJob())
    await ended(line)
    expect(texts(await line.read(chunks))).toEqual(['a', 'end_mark'])
    expect((await line.progress()).every(report => report.type === 'progress')).toBe(true)
  })

  test('records of a job that lost the lane are passed over, and those of the new job are all done', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    await start(line, copying())
    await line.write(documents, 0, [documentOf('old')])
    await until('the old job', async () => texts(await line.read(chunks)).includes('old'))
    const { end } = await line.broker.range('documents', 0)
    await line.rule(0, laneJob({ job_id: 'job-2' }), { starts: { documents: end } })
    await line.write(documents, 0, [documentOf('late'), documentOf('new', 'job-2'), endOf('job-2')])
    await ended(line)
    expect(texts(await line.read(chunks))).toEqual(['old', 'new', 'end_mark'])
  })

  test('a second worker takes over lanes in the middle of a job and nothing is lost or doubled', async () => {
    const line = await setUp()
    await line.rule(0, laneJob({ lanes: [0, 1] }))
    await line.rule(1, laneJob({ lanes: [0, 1] }))
    await start(line, copying(undefined, 1))
    const names = Array.from({ length: 60 }, (_, i) => `d${i}`)
    for (const lane of [0, 1])
      await line.write(
        documents,
        lane,
        names.map(text => documentOf(text)),
      )
    await until('some work', async () => (await line.read(chunks, 0)).length > 5)
    const second = await start(line, copying(undefined, 1))
    for (const lane of [0, 1]) await line.write(documents, lane, [endOf()])
    await until('more work', async () => (await line.read(chunks, 1)).length > 20)
    await second.stop()
    for (const lane of [0, 1]) {
      await ended(line, lane)
      expect(texts(await line.read(chunks, lane))).toEqual([...names, 'end_mark'])
    }
  })

  test('a stage that answers for fewer records than it was given fails with both numbers', async () => {
    const line = await setUp()
    await line.rule(0, laneJob())
    const stage = defineStage({
      name: 'chunking',
      phase: 'CHUNKING',
      from: documents,
      to: [chunks],
      slice: { records: 4, bytes: 1e6 },
      transform: async inputs => inputs.slice(1).map(() => []),
    })
    await start(line, stage)
    await line.write(documents, 0, [documentOf('a'), documentOf('b'), endOf()])
    await until('the failure', async () => (await line.progress()).length > 0)
    expect(await line.progress()).toMatchObject([
      { type: 'phase_failure', message: 'Stage chunking was given 2 records and answered for 1.' },
    ])
  })
})
