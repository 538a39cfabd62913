import type { Played } from './play.ts'

/** What the faults of one kind came to. */
export interface Figures {
  readonly kind: string
  /** Of the matrix of faults. */
  readonly rows: readonly number[]
  readonly faults: number
  readonly held: number
  readonly missed: number
  /** Seconds from the end of the fault until the first commit, all lanes worked on, and the end of the job; null when none was tried. */
  readonly recovery: Readonly<Record<keyof Played['recovery'], Spread | null>>
  /** Calls and texts that the model was asked for beyond an undisturbed run, of all faults of the kind together. */
  readonly wasted: Played['wasted']
}
interface Spread {
  readonly p50: number
  readonly max: number
}

const spread = (ms: readonly number[]): Spread | null => {
  const sorted = ms.toSorted((a, b) => a - b)
  if (sorted.length === 0) return null
  return { p50: sorted[(sorted.length - 1) >> 1]! / 1000, max: sorted.at(-1)! / 1000 }
}
const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0)

/** By kind, in the order of their names. */
export const figures = (played: readonly Played[]): readonly Figures[] =>
  [...Map.groupBy(played, ({ kind }) => kind)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, all]) => {
      const tried = all.filter(({ outcome }) => outcome !== 'missed')
      const recovery = (name: keyof Played['recovery']) => spread(tried.map(one => one.recovery[name]))
      return {
        kind,
        rows: all[0]!.rows,
        faults: tried.length,
        held: tried.filter(({ outcome }) => outcome === 'held').length,
        missed: all.length - tried.length,
        recovery: { first: recovery('first'), all: recovery('all'), end: recovery('end') },
        wasted: { calls: sum(tried.map(({ wasted }) => wasted.calls)), texts: sum(tried.map(one => one.wasted.texts)) },
      }
    })

const shown = (one: Spread | null) => (one ? `${one.p50.toFixed(1)} / ${one.max.toFixed(1)}` : '-')

/** A line a kind. Times are seconds from the end of the fault, the median and the most. */
export const table = (all: readonly Figures[]): string => {
  const head = ['fault', 'row', 'faults', 'held', 'first commit', 'all lanes', 'job’s end', 'calls wasted', 'texts']
  const rows = all.map(({ kind, rows, faults, held, recovery, wasted }) => [
    kind,
    `row ${rows.join(', ')}`,
    String(faults),
    String(held),
    shown(recovery.first),
    shown(recovery.all),
    shown(recovery.end),
    String(wasted.calls),
    String(wasted.texts),
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map(row => row[i]!.length)))
  return [head, ...rows]
    .map(row => row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
    .join('\n')
}
