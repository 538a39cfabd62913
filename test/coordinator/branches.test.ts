import { describe, expect, test } from 'vitest'
import { eta } from '../../src/coordinator/eta.ts'
import { apply, type JobEvent } from '../../src/coordinator/job.ts'
import { missingOf } from '../../src/coordinator/job-holds.ts'
import { isComplete, type Job, newJob } from '../../src/coordinator/job-state.ts'
import { itemsTotal, jobPercent } from '../../src/coordinator/percent.ts'
import { branchesOf, phasesOf } from '../../src/coordinator/phases.ts'
import { unfinished } from '../../src/coordinator/pressure.ts'
import { ledgerFindings } from '../../src/verify/ledger.ts'
import { useBench } from './bench.ts'
import { history, progress, started } from './histories.ts'

const structured = { type: 'structured', path: '/tables' }
const branching = (): Job => apply(newJob(['TABULATING']), started([3, 5])).job
const play = (events: readonly JobEvent[], from: Job): Job => events.reduce((job, event) => apply(job, event).job, from)

describe('the branches of a job', () => {
  test('come from its sources: a structured one asks for TABULATING, a replay of it for none', () => {
    expect(branchesOf({ sources: [{ type: 'markdown' }] })).toEqual([])
    expect(branchesOf({ sources: [{ type: 'markdown' }, structured] })).toEqual(['TABULATING'])
    const replay = { of: 'job', documents: 1, documents_per_second: 1 }
    expect(branchesOf({ sources: [structured], replay })).toEqual([])
  })

  test('are phases like the others: they have lanes, are held, and FINISHING waits for them', () => {
    const job = branching()
    expect(Object.keys(job.phases.TABULATING.lanes)).toEqual(['3', '5'])
    const paused = apply(job, { type: 'pause', phase: null, at: 5 }).job
    expect(missingOf(paused).filter(({ stage }) => stage === 'tabulating')).toHaveLength(2)

    const all = history([3, 5], 1, ['TABULATING']).filter(
      one => one.type === 'progress' && one.report.stage !== 'finishing',
    )
    const others = all.filter(one => one.type === 'progress' && one.report.stage !== 'tabulating')
    const without = play(others, job)
    expect({ finishing: without.finishing, ended: isComplete(without.phases.INDEXING) }).toEqual({
      ...{ finishing: false, ended: true },
    })
    expect(play(all, job).finishing).toBe(true)
  })

  test('that a job does not have are none of its phases, whatever is asked or reported of them', () => {
    const job = apply(newJob(), started([3, 5])).job
    expect(phasesOf(job).map(({ name }) => name)).not.toContain('TABULATING')
    expect(() => apply(job, { type: 'pause', phase: 'TABULATING', at: 5 })).toThrow('The job has no TABULATING')
    const paused = apply(job, { type: 'pause', phase: null, at: 5 }).job
    expect(missingOf(paused)).toHaveLength(8)
    expect(apply(job, progress('tabulating')).job.failure?.code).toBe('progress_gap')
  })
})

describe('what LOADING hands to a branch', () => {
  const loading = (change: object) => progress('loading', { items: 30, total: 60, ...change })
  const loaded = apply(branching(), loading({ outputs: 10, branch_outputs: { rows: 20 } })).job

  test('is counted apart from what it hands to the line', () => {
    const more = apply(
      loaded,
      loading({ first: 110, next: 120, outputs: 5, branch_outputs: { rows: 25 }, end_marks: 1 }),
    ).job
    expect([itemsTotal(more, 'CHUNKING'), itemsTotal(more, 'TABULATING')]).toEqual([15, 45])
    expect(unfinished(more).documents).toBe(15)
  })

  test('may have documents, which are counted beside the rows', () => {
    const first = apply(branching(), loading({ row_documents: 20 })).job
    const more = apply(first, loading({ first: 110, next: 120, row_documents: 3 })).job
    expect([more.phases.LOADING.items, more.phases.LOADING.rowDocuments]).toEqual([60, 23])
  })

  test('makes the progress of the branch, and the branch a part of that of the job', () => {
    const half = apply(loaded, progress('tabulating', { items: 10 })).job
    expect(half.phases.TABULATING.shown).toBe(25)
    expect(jobPercent(half)).toBeGreaterThan(jobPercent(loaded))
  })

  test('alone leaves the phases of documents as far as LOADING is, and has an estimate of its end', () => {
    const at = 100_000
    const job = play(
      [
        progress('loading', { items: 10, total: 60, branch_outputs: { rows: 10 } }, at),
        progress('tabulating', { items: 5 }, at),
        progress('loading', { first: 110, next: 120, items: 20, branch_outputs: { rows: 20 } }, at + 5_000),
        progress('tabulating', { first: 110, next: 120, items: 20 }, at + 5_000),
      ],
      branching(),
    )
    expect(job.phases.EMBEDDING.shown).toBe(50)
    expect(eta(job, at + 5_000)).not.toBeNull()
  })

  test('and the branch did not take in is a difference', () => {
    const whole = history([3, 5], 1, ['TABULATING'])
    const job = play(whole, newJob(['TABULATING']))
    const codes = (one: Job) => ledgerFindings(one).filter(({ where }) => where?.stage === 'tabulating')
    const handed = job.phases.LOADING.branchOutputs!.rows!
    const tabulated = { ...job.phases.TABULATING, items: handed, rejects: 0 }
    expect(codes({ ...job, phases: { ...job.phases, TABULATING: tabulated } })).toEqual([])
    const short = { ...tabulated, items: handed - 1 }
    expect(codes({ ...job, phases: { ...job.phases, TABULATING: short } })).toMatchObject([{ code: 'phase_counts' }])
  })
})

describe('a coordinator', () => {
  const bench = useBench()

  test('carries a job with a branch to its end, and one without beside it, each by its own phases', async () => {
    const { line } = bench
    await bench.coordinator()
    const tables = await bench.submit('tables', { sources: [structured], parallelism: 2 })
    const texts = await bench.submit('texts')
    expect((await line.started(tables))[0]!.job!.branches).toEqual(['TABULATING'])
    expect((await line.started(texts))[0]!.job!.branches).toEqual([])
    await line.complete(tables)
    await line.complete(texts)
    await bench.ended(tables, 'completed')
    await bench.ended(texts, 'completed')
    const names = async (id: string) => (await bench.jobs().get(id))!.phase_details.map(({ name }) => name)
    expect(await names(tables)).toContain('TABULATING')
    expect(await names(texts)).not.toContain('TABULATING')
  })
})
