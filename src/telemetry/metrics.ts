import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Instrument, Kind } from './instrument.ts'
import { bounds, instruments } from './instruments.ts'

/** A value for each label of an instrument. */
export type Labels<L extends string> = { readonly [K in L]: string }

/** Gives a gauge a value for some labels; those that are not given again at the next look are gone. */
export type SetGauge = <L extends string>(gauge: Instrument<L, 'gauge'>, labels: Labels<L>, value: number) => void

export interface MetricsOptions {
  /** Milliseconds that a look for gauges may take; 3,000 unless stated. Prometheus gives a scrape 10 s. */
  readonly lookWithinMs?: number
  /** Told of looks that fail. */
  failed(error: unknown, gauges: readonly string[]): void
}

/** How often the delay of the event loop is measured, in ms: an idle process is not to be kept awake by it. */
const wakeMs = 100

interface Look {
  readonly gauges: readonly Instrument<string, 'gauge'>[]
  readonly look: (set: SetGauge) => void | Promise<void>
}

/**
 * The metrics of a process. Instruments appear when something first uses them, so that a process exposes what its roles
 * know and no zeros of others. Counters are told as things happen; gauges are looked for when somebody asks.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #options: MetricsOptions
  readonly #made = new Map<string, Counter | Gauge | Histogram>()
  readonly #known = new Map<string, Set<string>>()
  readonly #looks: Look[] = []
  readonly #read = new Map<Instrument<never, 'counter'>, () => number>()

  constructor(options: MetricsOptions) {
    this.#options = options
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: wakeMs })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  add<L extends string>(counter: Instrument<L, 'counter'>, labels: Labels<L>, by = 1): void {
    this.#of(counter, Counter).inc(this.#bounded(labels), by)
  }

  observe<L extends string>(histogram: Instrument<L, 'histogram'>, labels: Labels<L>, value: number): void {
    this.#of(histogram, Histogram).observe(this.#bounded(labels), value)
  }

  /** From now on these gauges are looked for, together, each time that somebody asks; a gauge has one look. */
  look(gauges: readonly Instrument<string, 'gauge'>[], look: (set: SetGauge) => void | Promise<void>): void {
    for (const { name } of gauges) if (this.#made.has(name)) throw new Error(`Two look for the gauge ${name}.`)
    for (const gauge of gauges) this.#of(gauge, Gauge)
    this.#looks.push({ gauges, look })
  }

  /** From now on this counter has the value that something else has counted since the start of the process. */
  read(counter: Instrument<never, 'counter'>, counted: () => number): void {
    this.#read.set(counter, counted)
  }

  /** Everything, in the text format of Prometheus. A gauge that cannot be had is left out, and counted. */
  async text(): Promise<string> {
    await Promise.all(this.#looks.map(one => this.#take(one)))
    for (const [counter, counted] of this.#read) {
      const made = this.#of(counter, Counter)
      made.reset()
      made.inc(counted())
    }
    return this.#registry.metrics()
  }

  async #take({ gauges, look }: Look): Promise<void> {
    const found: (() => void)[] = []
    const set: SetGauge = (gauge, labels, value) => {
      found.push(() => this.#of(gauge, Gauge).set(this.#bounded(labels), value))
    }
    try {
      await within(this.#options.lookWithinMs ?? 3_000, Promise.resolve(look(set)))
    } catch (error) {
      const names = gauges.map(({ name }) => name)
      found.length = 0
      for (const metric of names) this.add(instruments.collectErrors, { metric })
      this.#options.failed(error, names)
    }
    for (const gauge of gauges) {
      const made = this.#of(gauge, Gauge)
      made.reset()
      if (gauge.labels.length === 0) made.remove({})
    }
    for (const one of found) one()
  }

  /** The instrument of the registry, made when it is first wanted. */
  #of<K extends Kind, T extends Counter | Gauge | Histogram>(
    { name, help, labels, buckets }: Instrument<string, K>,
    type: new (configuration: {
      name: string
      help: string
      labelNames: string[]
      registers: Registry[]
      buckets?: number[]
    }) => T,
  ): T {
    const known = this.#made.get(name) as T | undefined
    if (known) return known
    const made = new type({
      ...{ name, help, labelNames: [...labels], registers: [this.#registry] },
      ...(buckets === undefined ? {} : { buckets: [...buckets] }),
    })
    this.#made.set(name, made)
    return made
  }

  /** The labels, with `other` in place of the values that came after as many as are told apart. */
  #bounded(labels: Readonly<Record<string, string>>): Record<string, string> {
    const bounded: Record<string, string> = {}
    for (const [label, value] of Object.entries(labels)) bounded[label] = this.#told(label, value) ? value : 'other'
    return bounded
  }

  #told(label: string, value: string): boolean {
    const most = bounds[label]
    if (most === undefined) return true
    const known = this.#known.get(label) ?? new Set<string>()
    this.#known.set(label, known)
    if (known.has(value)) return true
    if (known.size >= most) return false
    known.add(value)
    return true
  }
}

const within = async (ms: number, work: Promise<void>): Promise<void> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const late = setTimeout(() => reject(new Error(`No answer within ${ms / 1000} s.`)), ms)
  await Promise.race([work, promise]).finally(() => clearTimeout(late))
}
