import { describe, expect, test } from 'vitest'
import { ledgerFindings, storedBy } from '../../src/verify/ledger.ts'
import { completedJob, withPhase } from './states.ts'

const codesOf = (job: Parameters<typeof ledgerFindings>[0]) => ledgerFindings(job).map(({ code }) => code)

describe('the ledger of a job', () => {
  test('agrees with itself when every phase took in what the one before it handed on', () => {
    expect(ledgerFindings(completedJob({ lanes: [2, 5] }))).toEqual([])
  })

  test.each(['CHUNKING', 'EMBEDDING', 'INDEXING'] as const)('differs when %s took in more or less', name => {
    const job = completedJob()
    for (const off of [-1, 1]) {
      const [found, ...more] = ledgerFindings(withPhase(job, name, { items: job.phases[name].items + off }))
      expect(more).toEqual([])
      expect(found).toMatchObject({
        code: 'phase_counts',
        where: { stage: name.toLowerCase() },
        found: job.phases[name].items + off,
      })
    }
  })

  test('agrees when what is missing was rejected, and no further', () => {
    const job = completedJob({ chunks: 4 })
    expect(codesOf(withPhase(job, 'EMBEDDING', { items: 3, outputs: 4, rejects: 1 }))).toEqual([])
    expect(codesOf(withPhase(job, 'EMBEDDING', { items: 2, outputs: 4, rejects: 1 }))).toEqual(['phase_counts'])
  })

  test('of a completed job names each lane whose end mark was never passed', () => {
    const job = completedJob({ lanes: [2, 5] })
    const { lanes } = job.phases.INDEXING
    const open = withPhase(job, 'INDEXING', { lanes: { 2: lanes[2]!, 5: { ...lanes[5]!, ended: false } } })
    expect(ledgerFindings(open).map(({ code, where }) => [code, where])).toEqual([
      ['phase_incomplete', { stage: 'indexing', lane: 5 }],
    ])
    const lost = withPhase(job, 'CHUNKING', { lanes: { 2: lanes[2]! } })
    expect(ledgerFindings(lost).map(({ code, where, found }) => [code, where, found])).toEqual([
      ['phase_incomplete', { stage: 'chunking', lane: 5 }, 'no such lane'],
    ])
  })

  test('of a running job may be ahead where its reports come by different lanes, and nowhere else', () => {
    const completed = completedJob({ lanes: [2, 5] })
    const loading = completed.phases.LOADING.lanes
    const running = withPhase({ ...completed, status: 'running' }, 'LOADING', {
      items: 1,
      outputs: 1,
      lanes: { 2: { ...loading[2]!, ended: false } },
    })
    expect(codesOf(running)).toEqual([])
    expect(codesOf(withPhase(running, 'INDEXING', { items: 1, lanes: {} }))).toEqual([])
    expect(codesOf(withPhase(running, 'INDEXING', { items: 5 }))).toEqual(['phase_counts'])
  })

  test('tells exactly what was stored only where nothing was rejected on the way', () => {
    const job = completedJob({ documents: 2, chunks: 4 })
    expect(storedBy(job)).toEqual({ documents: 2, chunks: 4 })
    expect(storedBy(withPhase(job, 'LOADING', { rejects: 3 }))).toEqual({ documents: 2, chunks: 4 })
    expect(storedBy(withPhase(job, 'EMBEDDING', { rejects: 1 }))).toBeNull()
    expect(storedBy(withPhase(job, 'TABULATING', { rejects: 1 }))).toBeNull()
  })
})
