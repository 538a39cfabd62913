export type Kind = 'counter' | 'gauge' | 'histogram'

export interface Instrument<L extends string = string, K extends Kind = Kind> {
  readonly kind: K
  readonly name: string
  readonly help: string
  readonly labels: readonly L[]
  /** Upper bounds of the buckets of a histogram, in its unit. */
  readonly buckets?: readonly number[]
  /** The role whose process exposes it; `all` for every process. */
  readonly from: 'stages' | 'line' | 'embedding' | 'coordinator' | 'api' | 'all' | 'admission'
}

export const counter = <const L extends string = never>(
  from: Instrument['from'],
  name: string,
  help: string,
  labels: readonly L[] = [],
): Instrument<L, 'counter'> => ({ kind: 'counter', name, help, labels, from })

export const gauge = <const L extends string = never>(
  from: Instrument['from'],
  name: string,
  help: string,
  labels: readonly L[] = [],
): Instrument<L, 'gauge'> => ({ kind: 'gauge', name, help, labels, from })

export const histogram = <const L extends string>(
  from: Instrument['from'],
  name: string,
  help: string,
  labels: readonly L[],
  buckets: readonly number[],
): Instrument<L, 'histogram'> => ({ kind: 'histogram', name, help, labels, from, buckets })
