import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { hashingEmbedder } from '../../src/models/hashing.ts'

const signal = new AbortController().signal
const embed = async (text: string, dimensions = 384) => (await hashingEmbedder(dimensions).embed([text], signal))[0]!
const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, number, i) => sum + number * b[i]!, 0)
const similarity = async (a: string, b: string) => cosine(await embed(a), await embed(b))

const page =
  'Vacuuming recovers the disk space of rows that were updated or deleted. VACUUM FULL rewrites the whole table and ' +
  'takes an exclusive lock; plain VACUUM runs beside reads and writes.'
const other =
  'A foreign key says that the values of a column must match the values of some row of another table. This keeps the ' +
  'referential integrity between two related tables.'

test('gives the very same bytes wherever and whenever it runs', async () => {
  const texts = [page, 'Größe und Maß, naïve café', '全文検索は速い', 'x', '', '*** ---']
  const bytes = createHash('sha256')
  for (const vector of await hashingEmbedder(384).embed(texts, signal)) bytes.update(Buffer.from(vector.buffer))
  expect(bytes.digest('hex')).toBe('0c8cd5cba3cfeca2a1e1dcf298ca31b0efda89da3c1a9fa88ab759bc43f0efff')
})

test('gives one vector a text, of the asked length and of length 1 in space, also for texts without a word', async () => {
  const vectors = await hashingEmbedder(100).embed([page, 'one', '', '***', '   '], signal)
  expect(vectors).toHaveLength(5)
  for (const vector of vectors) {
    expect(vector).toHaveLength(100)
    expect(cosine(vector, vector)).toBeCloseTo(1, 5)
  }
})

test('does not depend on what was embedded before', async () => {
  const embedder = hashingEmbedder(384)
  await embedder.embed([other, 'rows that were updated'], signal)
  expect((await embedder.embed([page], signal))[0]).toEqual(await embed(page))
})

test('puts a question nearer to the text with its words than to another', async () => {
  const question = 'how to recover disk space of deleted rows'
  expect(await similarity(question, page)).toBeGreaterThan((await similarity(question, other)) + 0.2)
})

test('sees that words with the same stem are related', async () => {
  expect(await similarity('indexing documents', 'document index')).toBeGreaterThan(0.3)
  expect(await similarity('indexing documents', 'foreign currency')).toBeLessThan(0.15)
})

test('lets words that stand in every text weigh little', async () => {
  expect(await similarity('what is the vacuum', 'vacuum')).toBeGreaterThan(0.9)
})

test('tells the order of words apart', async () => {
  expect(await similarity('dog bites man', 'man bites dog')).toBeLessThan(0.99)
})

test('reads accents, width and case as the same word', async () => {
  expect(await similarity('CAFÉ ｆｕｌｌ', 'cafe full')).toBeCloseTo(1, 5)
})

test('finds a word inside a sentence of a script without spaces', async () => {
  expect(await similarity('検索', '全文検索は速い')).toBeGreaterThan(0.4)
})

test('stops between texts when the signal aborts', async () => {
  const aborted = AbortSignal.abort(new Error('held'))
  await expect(hashingEmbedder(384).embed([page], aborted)).rejects.toThrow('held')
})

test('embeds at least a thousand chunks of 400 tokens a second', async () => {
  const chunks = Array.from({ length: 500 }, (_, i) => `${i} ${page} ${other} `.repeat(5).slice(0, 1800))
  const embedder = hashingEmbedder(384)
  await embedder.embed(chunks.slice(0, 50), signal)
  const started = process.cpuUsage()
  await embedder.embed(chunks, signal)
  const { user, system } = process.cpuUsage(started)
  expect((user + system) / 1000).toBeLessThan(500)
})
