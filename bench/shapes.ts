import type { Answer } from '../test/kit/embedding-server.ts'

/** A job whose end is to be estimated: its documents, and how its provider behaves. */
export interface Shape {
  readonly name: string
  /** Parts of each document, in order. A part is a chunk. */
  readonly parts: readonly number[]
  readonly parallelism: number
  /** Of the provider, in ms, by the progress of the job in per cent. */
  latencyMs(progress: number): number
  /** What becomes of each call; vectors unless stated. */
  answer?(call: number): Answer
  /** Part of a document that every other document has too, and whose vector is therefore at hand. */
  repeated?(part: number): boolean
}

export const dimensions = 16

const even = (documents: number, parts: number): readonly number[] => Array.from({ length: documents }, () => parts)
const rising = (documents: number, from: number, to: number): readonly number[] =>
  Array.from({ length: documents }, (_, i) => Math.round(from + ((to - from) * i) / Math.max(1, documents - 1)))
const steady = (ms: number) => () => ms
const from = (first: number, last: number) => (progress: number) => first + ((last - first) * progress) / 100

const shape = (
  name: string,
  parts: readonly number[],
  parallelism: number,
  latencyMs: Shape['latencyMs'],
  more: Partial<Shape> = {},
): Shape => ({
  name: `${name}: ${parts.length} documents, ${parts.reduce((sum, n) => sum + n, 0)} parts, ${parallelism} lanes`,
  parts,
  parallelism,
  latencyMs,
  ...more,
})

export const shapes: readonly Shape[] = [
  shape('100 ms', even(400, 12), 2, steady(100)),
  shape('300 ms', even(400, 12), 2, steady(300)),
  shape('documents grow', rising(300, 2, 40), 2, steady(150)),
  shape('documents shrink', rising(300, 40, 2), 2, steady(150)),
  shape('long documents', even(60, 100), 1, steady(100)),
  shape('short documents', even(1_500, 3), 4, steady(100)),
  shape('a provider that slows down', even(400, 12), 1, from(100, 200)),
  shape('a provider that gets quicker', even(400, 12), 4, from(300, 150)),
  shape('no latency', even(3_000, 8), 4, steady(0)),
  shape('documents grow much', rising(200, 1, 60), 4, steady(200)),
  shape('50 ms', even(1_000, 6), 2, steady(50)),
  shape('400 ms', even(250, 20), 3, steady(400)),
  // Takes five minutes.
  shape('one call in five fails', even(400, 12), 2, steady(100), {
    answer: call => (call % 5 === 4 ? { kind: 'status', status: 500 } : { kind: 'vectors' }),
  }),
  shape('one long document among short ones', [...even(150, 4), 1_500, ...even(150, 4)], 4, steady(150)),
  shape('most vectors at hand', even(800, 12), 2, steady(200), { repeated: part => part < 8 }),
  shape('long', even(1_200, 14), 2, steady(200)),
  shape('a slow provider', even(60, 12), 1, steady(800)),
  shape('few documents', even(12, 60), 2, steady(500)),
  shape('no latency, one lane', even(2_000, 10), 1, steady(0)),
  shape('a provider three times as slow half way', even(400, 12), 2, progress => (progress < 50 ? 80 : 240)),
]

/** About 40 words, different for each seed. */
const wordsOf = (seed: number): string =>
  Array.from({ length: 40 }, (_, w) => `word${(seed * 7919 + w * 104_729) % 9000}`).join(' ')

/** The files of a shape, name and text; `n` makes its words differ from those of other shapes. */
export const filesOf = ({ parts, repeated = () => false }: Shape, n: number): readonly (readonly [string, string])[] =>
  parts.map((count, i) => {
    const text = (p: number) => `## Part ${p}\n\n${wordsOf((repeated(p) ? p : i * 101 + p) + n * 13)}`
    const title = `# Document ${repeated(0) ? '' : i}`
    return [
      `d${String(i).padStart(5, '0')}.md`,
      [title, ...Array.from({ length: count }, (_, p) => text(p))].join('\n\n'),
    ]
  })
