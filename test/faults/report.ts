import type { Played } from './play.ts'

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b)
const median = (values: readonly number[]) => sorted(values)[values.length >> 1] ?? 0
const seconds = (ms: number) => (ms / 1000).toFixed(1)

/** A line a kind: how often it was tried, what it came to, how soon all was worked on again, what was asked twice. */
export const report = (played: readonly Played[]): string => {
  const rows = [...Map.groupBy(played, ({ kind }) => kind)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, all]) => {
      const tried = all.filter(({ outcome }) => outcome !== 'missed')
      const recoveries = tried.map(({ recoveryMs }) => recoveryMs)
      return [
        kind,
        String(tried.length),
        String(tried.filter(({ outcome }) => outcome === 'held').length),
        tried.length === 0 ? '-' : seconds(median(recoveries)),
        tried.length === 0 ? '-' : seconds(Math.max(...recoveries)),
        String(tried.reduce((sum, { wasted }) => sum + wasted, 0)),
      ]
    })
  const head = ['fault', 'tried', 'held', 'back after s (median)', '(at most)', 'texts asked again']
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map(row => row[i]!.length)))
  return [head, ...rows]
    .map(row => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
    .join('\n')
}
