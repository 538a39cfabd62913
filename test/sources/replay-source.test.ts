import { expect, test } from 'vitest'
import { Wait } from '../../src/runtime/errors.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import { type ReplayEntry, replayOpener } from '../../src/sources/replay-source.ts'
import type { OpenSource, ReadableSource } from '../../src/sources/source.ts'
import { SourceTrouble } from '../../src/sources/source-trouble.ts'
import { laneJob } from '../kit/line.ts'

const kept = (text: string) => ({ title: 'T', media_type: 'text/plain', metadata: { by: 'me' }, text })
const entry = (number: number, of: Partial<ReplayEntry> = {}): ReplayEntry => ({
  ...{ number, uri: `${number}.md`, edited: null, stored: null },
  ...of,
})
const never = new AbortController().signal

/** A source in which everything is but what is named `gone`. */
const source: ReadableSource = {
  total: async () => 1000,
  bite: async () => ({ documents: [], next: null }),
  async read(uri) {
    if (uri.startsWith('gone')) return { uri, code: 'file_gone', message: 'It is gone.', gone: true }
    if (uri === 'broken') throw new SourceTrouble('bad_status', 'It answers 500.', { ofOne: true })
    if (uri === 'away') throw new SourceTrouble('youtube_error', 'Nothing is answered.')
    if (uri === 'busy') throw new Wait('rate_limited', 'Not now.', 1000)
    if (uri.startsWith('bad')) return { uri, code: 'not_text', message: 'It is no text.' }
    return { uri, title: '', mediaType: 'text/markdown', text: `text of ${uri}`, metadata: {} }
  },
}
const open: OpenSource<ReadableSource> = (_, index) => ({ source, id: `source-${index}` })

const opened = (entries: readonly ReplayEntry[], job: Partial<LaneJob> = {}) => {
  const list = {
    count: async () => entries.length,
    take: async (_job: string, _index: number, from: number, limit: number) =>
      entries.filter(({ number }) => number >= from).slice(0, limit),
  }
  return replayOpener(open, list)(laneJob({ kind: 'replay', documents_per_second: 1000, ...job }), 0)
}
const all = async (of: ReturnType<typeof opened>) => {
  const bites = []
  for (let cursor: string | null = null; ; ) {
    const bite = await of.source.bite(cursor, never)
    bites.push(bite.documents)
    cursor = bite.next
    if (cursor === null) return bites
  }
}

test('a run has its source as it is', () => {
  expect(opened([], { kind: 'run', documents_per_second: null }).source).toBe(source)
})

test('a replay has the documents of its list, each once, and keeps the identity of the source', async () => {
  const of = opened(Array.from({ length: 7 }, (_, i) => entry(i)))
  const bites = await all(of)
  expect(bites.flat().map(({ uri }) => uri)).toEqual([0, 1, 2, 3, 4, 5, 6].map(i => `${i}.md`))
  expect([of.id, await of.source.total(never)]).toEqual(['source-0', 7])
})

test('a bite holds what the rate allows for a second, one document at least', async () => {
  const entries = Array.from({ length: 600 }, (_, i) => entry(i))
  const first = async (documents_per_second: number) =>
    (
      await opened(entries.slice(0, documents_per_second < 3 ? 1 : 600), { documents_per_second }).source.bite(
        null,
        never,
      )
    ).documents.length
  expect(await first(0.2)).toBe(1)
  expect(await first(1000)).toBe(256)
})

test('a document that cannot be had is asked for three times and rejected, and those after it are loaded', async () => {
  const of = opened([entry(0), entry(1, { uri: 'broken' }), entry(2)])
  const first = await of.source.bite(null, never)
  expect(first).toMatchObject({ documents: [{ uri: '0.md' }], next: '1' })
  for (let i = 0; i < 2; i++) await expect(of.source.bite(first.next, never)).rejects.toThrow('It answers 500.')
  const last = await of.source.bite(first.next, never)
  expect(last).toMatchObject({ documents: [{ uri: 'broken', code: 'bad_status' }, { uri: '2.md' }], next: null })
})

test('a source that does not answer at all rejects none of its documents', async () => {
  const of = opened([entry(0, { uri: 'away' })])
  for (let i = 0; i < 5; i++) await expect(of.source.bite(null, never)).rejects.toThrow('Nothing is answered.')
})

test('a bite that more follow takes as long as the rate demands', async () => {
  const began = performance.now()
  await opened([entry(0), entry(1), entry(2)], { documents_per_second: 10 }).source.bite(null, never)
  await opened(
    [0, 1, 2, 3].map(i => entry(i)),
    { documents_per_second: 3 },
  ).source.bite(null, never)
  expect(performance.now() - began).toBeGreaterThan(990)
})

test('an abort ends the waiting at once, with its reason', async () => {
  const controller = new AbortController()
  const biting = opened([entry(0), entry(1)], { documents_per_second: 0.1 }).source.bite(null, controller.signal)
  controller.abort(new Error('held'))
  await expect(biting).rejects.toThrow('held')
})

test('an edit takes the place of what the source has; what was kept, only of what it has no more', async () => {
  const entries = [
    entry(0, { edited: kept('edited'), stored: kept('kept') }),
    entry(1, { stored: kept('kept') }),
    entry(2, { uri: 'gone.md', stored: kept('kept') }),
    entry(3, { uri: 'gone.md' }),
    entry(4, { uri: 'bad.md', stored: kept('kept') }),
  ]
  const [bite] = await all(opened(entries))
  expect(bite).toMatchObject([
    { uri: '0.md', text: 'edited', title: 'T', mediaType: 'text/plain', metadata: { by: 'me' } },
    { uri: '1.md', text: 'text of 1.md' },
    { uri: 'gone.md', text: 'kept' },
    { uri: 'gone.md', code: 'file_gone' },
    { uri: 'bad.md', code: 'not_text' },
  ])
})

test('what cannot be read for now ends a bite, and is asked again by the next', async () => {
  const entries = [entry(0), entry(1, { uri: 'busy' }), entry(2)]
  const of = opened(entries)
  const first = await of.source.bite(null, never)
  expect([first.documents.length, first.next]).toEqual([1, '1'])
  await expect(of.source.bite(first.next, never)).rejects.toMatchObject({ name: 'Wait' })
})
