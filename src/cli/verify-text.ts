import type { CodeTotal, Difference, VerifyReport } from '../api/contract/verify.ts'
import { counted, number, oneLine } from './text.ts'

/** `knowledge base handbook`, or what there is beside all of them. */
export const scopeOf = (kbId: string | null): string => (kbId === null ? 'the installation' : `knowledge base ${kbId}`)

/** What a report says, a line each. */
export const reportLines = (report: VerifyReport): readonly string[] => [
  headline(report),
  ...report.totals.flatMap(total => [
    `  ${total.severity} ${total.code}: ${counted(total.count, 'difference')}`,
    ...ofCode(report, total),
  ]),
  ...report.not_compared.map(why => `  not compared: ${oneLine(why, 300)}`),
]

const headline = ({ kb_id, status, checked, totals }: VerifyReport): string => {
  const { jobs, documents, chunks, lanes } = checked
  const compared =
    kb_id === null
      ? counted(lanes, 'free lane')
      : [counted(jobs, 'job'), counted(documents, 'document'), counted(chunks, 'chunk')].join(', ')
  const scope = scopeOf(kb_id)
  const about = `${scope[0]!.toUpperCase()}${scope.slice(1)}: ${compared}`
  if (status === 'clean') return `${about}; nothing differs.`
  return `${about}; ${counted(sum(totals), 'difference')}.`
}

const ofCode = ({ differences }: VerifyReport, { code, count }: CodeTotal): readonly string[] => {
  const listed = differences.filter(one => one.code === code)
  return [
    ...listed.map(one => `    ${oneLine(one.message, 300)}`),
    ...(count > listed.length ? [`    … and ${number(count - listed.length)} more`] : []),
    ...[...new Set(listed.map(adviceOf))].map(advice => `    → ${advice}`),
  ]
}

const adviceOf = ({ advice }: Difference): string => advice

/** What `--repair` would do, a line for each code of each report; none where nothing can be repaired. */
export const repairLines = (reports: readonly VerifyReport[]): readonly string[] =>
  reports.flatMap(({ kb_id, totals }) =>
    repairables(totals).map(
      ({ code, repairable, repair }) => `  ${code}, ${number(repairable)} in ${scopeOf(kb_id)}: ${repair}`,
    ),
  )

/** The codes of which something can be repaired. */
export const repairables = (totals: readonly CodeTotal[]): readonly CodeTotal[] =>
  totals.filter(({ repairable }) => repairable > 0)

/** One sentence over all reports. */
export const conclusion = (reports: readonly VerifyReport[]): string => {
  const differing = sum(reports.flatMap(({ totals }) => totals))
  return differing === 0 ? 'Nothing differs.' : `${counted(differing, 'difference')} in all.`
}

const sum = (totals: readonly CodeTotal[]): number => totals.reduce((all, { count }) => all + count, 0)
