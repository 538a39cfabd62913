import { expect, test } from 'vitest'
import type { Instrument } from '../../src/telemetry/instrument.ts'
import { bounds, instruments } from '../../src/telemetry/instruments.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'

const open = (lookWithinMs = 1_000) => {
  const failures: { readonly error: unknown; readonly gauges: readonly string[] }[] = []
  const metrics = new Metrics({ lookWithinMs, failed: (error, gauges) => failures.push({ error, gauges }) })
  const lines = async () =>
    (await metrics.text()).split('\n').filter(line => line !== '' && !/^#|^process_|^nodejs_/.test(line))
  return { metrics, lines, failures }
}

test('exposes nothing of instruments that nobody has used', async () => {
  const { lines } = open()
  expect(await lines()).toEqual([])
})

test('exposes counters, histograms with their buckets, and gauges as they are when somebody asks', async () => {
  const { metrics, lines } = open()
  let depth = 3
  metrics.add(instruments.chunks, { stage: 'indexing' }, 5)
  metrics.add(instruments.chunks, { stage: 'indexing' })
  metrics.observe(instruments.sliceSeconds, { stage: 'indexing' }, 0.3)
  metrics.look([instruments.queueDepth], set => set(instruments.queueDepth, {}, depth))
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'chunks_processed_total{stage="indexing"} 6',
      'batch_processing_duration_seconds_bucket{le="0.25",stage="indexing"} 0',
      'batch_processing_duration_seconds_bucket{le="0.5",stage="indexing"} 1',
      'ingestion_queue_depth 3',
    ]),
  )
  depth = 4
  expect(await lines()).toContain('ingestion_queue_depth 4')
})

test('a gauge that is not given again is gone, one without labels too', async () => {
  const { metrics, lines } = open()
  let lanes = ['0', '1']
  metrics.look([instruments.laneHeld, instruments.jobsActive], set => {
    for (const lane of lanes) set(instruments.laneHeld, { stage: 'loading', lane }, 1)
    if (lanes.length > 0) set(instruments.jobsActive, {}, 1)
  })
  expect(await lines()).toHaveLength(3)
  lanes = []
  expect(await lines()).toEqual([])
})

test('a gauge has one look: two would take one another’s values away', () => {
  const { metrics } = open()
  metrics.look([instruments.breaker], () => undefined)
  expect(() => metrics.look([instruments.breaker], () => undefined)).toThrow('Two look for the gauge')
})

test('past as many values of a label as are told apart, further ones are counted together', async () => {
  const { metrics, lines } = open()
  const kbs = Array.from({ length: bounds.kb_id! + 20 }, (_, i) => `kb-${i}`)
  for (const kb_id of [...kbs, ...kbs]) metrics.add(instruments.chunksCreated, { kb_id })
  const found = await lines()
  expect(found).toHaveLength(bounds.kb_id! + 1)
  expect(found).toContain('ingestion_chunks_created_total{kb_id="kb-0"} 2')
  expect(found).toContain('ingestion_chunks_created_total{kb_id="other"} 40')
})

test('a look that fails, or comes too late, costs its own gauges alone, and is counted', async () => {
  const { metrics, lines, failures } = open(1)
  metrics.look([instruments.jobsActive], () => {
    throw new Error('no database')
  })
  metrics.look([instruments.jobsPaused], () => new Promise(() => undefined))
  metrics.look([instruments.queueDepth], set => set(instruments.queueDepth, {}, 7))
  const found = await lines()
  expect(found).toContain('ingestion_queue_depth 7')
  expect(found.filter(line => /jobs_(active|paused) /.test(line))).toEqual([])
  expect(failures.map(({ gauges }) => gauges.join())).toEqual(['ingestion_jobs_active', 'ingestion_jobs_paused'])
  expect(await lines()).toContain('metrics_collect_errors_total{metric="ingestion_jobs_active"} 2')
})

test('a counter that something else counts has its value of the moment at each look', async () => {
  const { metrics, lines } = open()
  let lost = 0
  metrics.read(instruments.spansLost, () => lost)
  expect(await lines()).toEqual(['penstock_spans_lost_total 0'])
  lost = 7
  expect(await lines()).toEqual(['penstock_spans_lost_total 7'])
  expect(await lines()).toEqual(['penstock_spans_lost_total 7'])
})

test('each instrument has a name of its own that says its unit, and labels that are few or bounded', () => {
  const all = Object.values<Instrument>(instruments)
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  const few = [
    'stage',
    'lane',
    'kind',
    'state',
    'folder',
    'status',
    'method',
    'route',
    'source_type',
    'metric',
    'version',
    'roles',
  ]
  for (const { kind, name, labels, buckets } of all) {
    if (kind === 'counter') expect(name).toMatch(/_total$/)
    if (kind === 'histogram')
      expect(
        [...(buckets ?? [])].sort((a, b) => a - b),
        name,
      ).toEqual(buckets)
    for (const label of labels) expect([...few, ...Object.keys(bounds)], name).toContain(label)
  }
})
