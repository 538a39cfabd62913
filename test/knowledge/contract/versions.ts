import { describe, expect, test } from 'vitest'
import { createCatalogue } from '../../../src/knowledge/catalogue.ts'
import { skipSaying } from '../../kit/skip-saying.ts'
import { until } from '../../kit/until.ts'
import { jobOf, recordsOf, versionOf } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeVersions = (bench: StoreBench) =>
  describe('versions', () => {
    const { newBase, claimOf, apply, write, query, found, rowsOf, documentOf } = bench

    test('a document is visible when its end is stored with all its chunks, not before', async () => {
      const job = await newBase()
      const claim = await claimOf(job)
      const records = recordsOf(job, { uri: 'a', texts: ['quick fox', 'lazy dog'] })
      await apply(claim, job, 0, records.slice(0, 2))
      expect(await found(job, 'fox')).toEqual([])
      await apply(claim, job, 2, records.slice(2))
      expect(await found(job, 'fox')).toEqual(['quick fox'])
    })

    test('a version that lacks chunks is dropped with a reject, and the one before it answers on', async () => {
      const first = await newBase()
      await write(first, { uri: 'a', texts: ['old fox'] })
      const second = jobOf(first.kb_id, 2)
      const rejects = await write(second, { uri: 'a', texts: ['new fox'], claims: 2 })
      expect(rejects).toEqual([
        { offset: 1, code: 'incomplete_document', message: expect.stringContaining('1 of its 2') },
      ])
      expect(await found(first, 'fox')).toEqual(['old fox'])
      expect(await rowsOf(first)).toBe(1)
    })

    test('what a stream replaces goes with it, since no FINISHING will prune it; what a run replaces stays until then', async () => {
      const run = await newBase()
      await write(run, { uri: 'a', texts: ['old fox', 'lazy dog'] })
      await write(jobOf(run.kb_id, 2), { uri: 'a', texts: ['new fox'] })
      expect(await rowsOf(run)).toBe(3)
      await write({ ...jobOf(run.kb_id, 3), kind: 'stream' }, { uri: 'a', texts: ['newest fox'] })
      expect(await found(run, 'fox')).toEqual(['newest fox'])
      expect(await rowsOf(run)).toBe(3)
    })

    test('a late old job cannot bring its version back', async () => {
      const first = await newBase()
      const second = jobOf(first.kb_id, 2)
      const claim = await claimOf(first)
      const old = recordsOf(first, { uri: 'a', texts: ['old fox', 'older fox'] })
      await apply(claim, first, 0, old.slice(0, 1))
      await write(second, { uri: 'a', texts: ['new fox'] })
      expect(await apply(claim, first, 1, old.slice(1))).toEqual([])
      expect(await found(first, 'fox')).toEqual(['new fox'])
      expect(await rowsOf(first)).toBe(1)
    })

    test('an older version that is complete in the same moment as a newer one does not win', async context => {
      skipSaying(context, bench.database.embedded, 'the embedded database has one transaction at a time')
      const first = await newBase()
      await write(first, { uri: 'a', texts: ['first fox'] })
      const second = jobOf(first.kb_id, 2)
      const [end] = recordsOf(first, { uri: 'a', texts: [] })
      const newer = await bench.database.pool.connect()
      await newer.query('begin')
      await newer.query('update document set active_version = $2 where document_id = $1', [
        end!.document_id,
        versionOf(jobOf(first.kb_id, 3)),
      ])
      const late = write(second, { uri: 'a', texts: ['second fox'] })
      await until('the older version waits for the newer one', async () => {
        const { rows } = await bench.database.pool.query('select 1 from pg_locks where not granted')
        return rows.length > 0
      })
      await newer.query('commit')
      newer.release()
      await late
      const { rows } = await bench.database.pool.query('select active_version from document where document_id = $1', [
        end!.document_id,
      ])
      expect(Number(rows[0].active_version)).toBe(versionOf(jobOf(first.kb_id, 3)))
      expect(await rowsOf(first)).toBe(1)
    })

    test('two versions of a document in one slice leave the larger, in whatever order', async () => {
      const job = await newBase()
      const older = { uri: 'a', texts: ['older fox'], version: versionOf(job, 1) }
      const newer = { uri: 'a', texts: ['newer fox'], version: versionOf(job, 2) }
      await write(job, older, newer)
      await write(job, { ...newer, uri: 'b' }, { ...older, uri: 'b' })
      expect(await found(job, 'fox')).toEqual(['newer fox', 'newer fox'])
      expect(await rowsOf(job)).toBe(2)
    })

    test('a document in parts is visible with its last part, in whatever slices they come', async () => {
      const job = await newBase()
      const claim = await claimOf(job)
      const part = (n: number) => recordsOf(job, { uri: 'a', texts: [`fox ${n}`, `dog ${n}`], part: [n, 3] })
      await apply(claim, job, 0, [...part(0), ...part(1).slice(0, 1)])
      await apply(claim, job, 4, part(1).slice(1))
      expect(await found(job, 'fox')).toEqual([])
      await apply(claim, job, 6, part(2))
      expect((await found(job, 'fox')).sort()).toEqual(['fox 0', 'fox 1', 'fox 2'])
      expect(await documentOf(job, 'a')).toMatchObject({ chunks: 6 })
    })

    test('a document in parts that lacks a chunk is dropped at its last part', async () => {
      const job = await newBase()
      const claim = await claimOf(job)
      await apply(claim, job, 0, recordsOf(job, { uri: 'a', texts: ['fox'], part: [0, 2], claims: 2 }))
      const rejects = await apply(claim, job, 2, recordsOf(job, { uri: 'a', texts: ['dog'], part: [1, 2] }))
      expect(rejects.map(({ offset, code }) => [offset, code])).toEqual([[3, 'incomplete_document']])
      expect(await rowsOf(job)).toBe(0)
    })

    test('an emptied document has no chunks; a deleted one is gone, and no late old version brings it back', async () => {
      const first = await newBase()
      await write(first, { uri: 'emptied', texts: ['fox'] }, { uri: 'deleted', texts: ['fox'] })
      const second = jobOf(first.kb_id, 2)
      await write(second, { uri: 'emptied', texts: [] }, { uri: 'deleted', texts: [], deleted: true })
      expect(await found(first, 'fox')).toEqual([])
      expect(await documentOf(first, 'emptied')).toMatchObject({ chunks: 0 })
      expect(await documentOf(first, 'deleted')).toBeNull()
      await write(first, { uri: 'deleted', texts: ['fox'] })
      expect(await found(first, 'fox')).toEqual([])
      const { knowledge_bases } = await createCatalogue(bench.database.orm.em).list({ limit: 500, after: null })
      expect(knowledge_bases.find(one => one.kb_id === first.kb_id)).toMatchObject({ documents: 1, chunks: 0 })
    })

    test('a reader sees one version of a document, whole, while versions follow one another', async () => {
      const job = await newBase()
      // Versions of different lengths, so that two of them mixed would be longer than either.
      const textsOf = (n: number) => {
        const size = n % 2 === 0 ? 3 : 9
        return Array.from({ length: size }, (_, i) => `fox of version v${n} chunk ${i} of ${size}`)
      }
      await write(job, { uri: 'a', texts: textsOf(0), version: versionOf(job, 0) })
      let writing = true
      const answers: (readonly string[])[] = []
      const read = async () => {
        while (writing)
          answers.push(
            (await bench.store.search(query(job, { mode: 'hybrid', text: 'fox', topK: 20 }))).map(hit => hit.text),
          )
      }
      const readers = [read(), read(), read()]
      const claim = await claimOf(job)
      let next = 0
      try {
        for (let n = 1; n <= 60; n++) {
          const records = recordsOf(job, { uri: 'a', texts: textsOf(n), version: versionOf(job, n) })
          for (const half of [records.slice(0, 2), records.slice(2)]) {
            await apply(claim, job, next, half)
            next += half.length
          }
        }
      } finally {
        writing = false
        await Promise.all(readers)
      }
      const seen = new Set<string>()
      for (const answer of answers) {
        const versions = new Set(answer.map(text => text.split(' ')[3]!))
        expect([versions.size, answer.length]).toEqual([1, Number(answer[0]!.split(' ')[7])])
        for (const version of versions) seen.add(version)
      }
      expect(seen.size).toBeGreaterThan(1)
    })
  })
