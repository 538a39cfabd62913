import { type Code, codes } from './codes.ts'
import type { CodeTotal, Difference, Place, VerifyReport } from './verifier.ts'

/** One difference, as a check knows it; the rest is that of its code. */
export interface Finding {
  readonly where?: Partial<Omit<Place, 'kb_id'>>
  readonly expected: string | number
  readonly found: string | number
  readonly message: string
  /** False where the repair of the code has been done, or is not for now. */
  readonly repairable?: boolean
}

/** What the checks of one report have found: everything is counted, the first of each code are listed. */
export interface Findings {
  readonly checked: { -readonly [what in keyof VerifyReport['checked']]: number }
  add(code: Code, finding: Finding): void
  /** Something that could not be compared, and why. */
  skip(sentence: string): void
  report(): VerifyReport
}

const nowhere: Omit<Place, 'kb_id'> = { job_id: null, document_id: null, uri: null, stage: null, lane: null }

export const createFindings = (kbId: string | null, limit: number): Findings => {
  const checked = { jobs: 0, documents: 0, chunks: 0, lanes: 0 }
  const found = new Map<Code, { count: number; repairable: number; readonly listed: Difference[] }>()
  const skipped = new Set<string>()

  const totals = (): CodeTotal[] =>
    [...found].map(([code, { count, repairable }]) => ({
      code,
      severity: codes[code].severity,
      count,
      repairable,
      repair: codes[code].repair,
    }))

  return {
    checked,
    add(code, { where, expected, found: actual, message, repairable = true }) {
      const { severity, repair, advice } = codes[code]
      const all = found.get(code) ?? { count: 0, repairable: 0, listed: [] }
      found.set(code, all)
      all.count++
      const repaired = repairable ? repair : null
      if (repaired !== null) all.repairable++
      if (all.listed.length >= limit) return
      all.listed.push({
        code,
        severity,
        where: { kb_id: kbId, ...nowhere, ...where },
        expected: String(expected),
        found: String(actual),
        message,
        repair: repaired,
        advice,
      })
    },
    skip(sentence) {
      skipped.add(sentence)
    },
    report: () => ({
      kb_id: kbId,
      checked_at: new Date().toISOString(),
      status: found.size === 0 ? 'clean' : 'differs',
      checked,
      totals: totals(),
      differences: [...found.values()].flatMap(({ listed }) => listed),
      not_compared: [...skipped],
    }),
  }
}
