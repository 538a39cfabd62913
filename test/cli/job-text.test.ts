import { describe, expect, it } from 'vitest'
import { etaText, holdText, items, page } from '../../src/cli/job-text.ts'
import { aJob, aPhase } from '../api/fake-ports.ts'

const now = Date.parse('2026-11-23T06:00:00.000Z')
const inSeconds = (seconds: number) => new Date(now + seconds * 1000).toISOString()
const eta = (from: number, to: number) => ({
  earliest: inSeconds(from),
  expected: inSeconds(from),
  latest: inSeconds(to),
})

describe('the text about a job', () => {
  it.each([
    [120, 180, 'done in 2 to 3 min'],
    [170, 190, 'done in 3 min'],
    [20, 45, 'done in 20 to 45 s'],
    [80, 200, 'done in 80 s to 3 min'],
    [5_000, 9_000, 'done in 83 min to 2.5 h'],
    [-5, -1, 'done in 1 s'],
  ])('rounds an ETA of %d to %d s as people would', (from, to, text) => {
    expect(etaText(eta(from, to), now)).toBe(text)
  })

  it('names the first lanes that have not acknowledged, and counts the others', () => {
    const missing = [0, 1, 2, 3, 4].map(lane => ({ stage: 'embedding', lane, worker: lane === 0 ? null : 'host-1' }))
    const body = { requested_at: inSeconds(0), acknowledged: 1, expected: 6, missing }
    expect(holdText('cancel', body)).toBe(
      'cancel: 1 of 6 acknowledged, waiting for embedding lane 0 (no worker), embedding lane 1 (worker host-1), ' +
        'embedding lane 2 (worker host-1) and 2 more',
    )
    expect(holdText('pause', { ...body, acknowledged: 6, missing: [] })).toBe('pause: 6 of 6 acknowledged')
  })

  it('counts what LOADING of a job with tables has read in rows, of one with documents besides in items, and of any other in documents', () => {
    const loading = aPhase({ name: 'LOADING', items_processed: 2, items_total: 3 })
    const tabulating = aPhase({ name: 'TABULATING' })
    const metrics = { ...aJob().metrics, documents: 0, rows: 2 }
    expect(items(aJob({ phase_details: [loading, tabulating], metrics }), loading)).toBe('2/3 rows')
    const both = aJob({ phase_details: [loading, tabulating], metrics: { ...metrics, documents: 1, rows: 1 } })
    expect(items(both, loading)).toBe('2/3 items')
    const ofRows = aJob({ phase_details: [loading, tabulating], metrics: { ...metrics, documents: 2 } })
    expect(items(ofRows, loading)).toBe('2/3 rows')
    expect(items(aJob({ phase_details: [loading] }), loading)).toBe('2/3 documents')
  })

  it('shows on the page of a job its pause, its ETA and the rate of each phase', () => {
    const pause = { requested_at: inSeconds(0), acknowledged: 2, expected: 2, missing: [] }
    const distant = {
      earliest: '2999-01-01T00:00:00Z',
      expected: '2999-01-01T00:00:00Z',
      latest: '2999-01-01T00:00:00Z',
    }
    const phases = [
      aPhase({ name: 'EMBEDDING', status: 'running', items_per_second: 1234.56 }),
      aPhase({ status: 'paused', items_per_second: 5 }),
    ]
    const lines = page(aJob({ pause, eta: distant, phase_details: phases }))
    expect(lines).toContain('  pause: 2 of 2 acknowledged')
    expect(lines.find(line => line.startsWith('  done in '))).toMatch(/ h$/)
    expect(lines.find(line => line.startsWith('EMBEDDING'))).toMatch(/ 1,234\.6 +0$/)
    expect(lines.find(line => line.startsWith('LOADING'))).toMatch(/ - +0$/)
  })
})
