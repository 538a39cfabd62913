import { describe, expect, test } from 'vitest'
import { createCatalogue, knowledgeBases } from '../../../src/knowledge/catalogue.ts'
import { KnowledgeBaseRow } from '../../../src/knowledge/entities.ts'
import { idOf, jobOf, versionOf } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeCatalogue = (bench: StoreBench) =>
  describe('the catalogue', () => {
    const { newBase, write, documentOf } = bench

    test('shows settings, counts and pages of documents by uri', async () => {
      const job = await newBase()
      const catalogue = createCatalogue(bench.database.orm.em)
      await write(job, ...['c', 'a', 'b', 'ä', `${'long'.repeat(1000)}`].map(uri => ({ uri, texts: ['x', 'y'] })))
      expect(await catalogue.get(job.kb_id)).toEqual({
        kb_id: job.kb_id,
        embedding: job.embedding,
        chunking: job.chunking,
        documents: 5,
        chunks: 10,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        deletion: null,
      })
      const uris: string[] = []
      let after: string | null = null
      do {
        const page: Awaited<ReturnType<typeof catalogue.documents>> = await catalogue.documents(job.kb_id, {
          limit: 2,
          after,
        })
        uris.push(...page!.documents.map(document => document.uri.slice(0, 4)))
        after = page!.next
      } while (after !== null)
      expect(uris).toEqual(['a', 'b', 'c', 'long', 'ä'])
      expect(await documentOf(job, 'a')).toEqual({
        document_id: idOf(`${job.kb_id}/files/a`),
        source: 'files',
        uri: 'a',
        title: 'Title of a',
        media_type: 'text/markdown',
        version: versionOf(job),
        chunks: 2,
        updated_at: expect.stringMatching(/Z$/),
      })
      expect(await catalogue.get('nowhere')).toBeNull()
      expect(await catalogue.documents('nowhere', { limit: 2, after: null })).toBeNull()
      const made = Buffer.from(JSON.stringify(['\0', ''])).toString('base64url')
      for (const after of ['x', made])
        await expect(catalogue.documents(job.kb_id, { limit: 2, after })).rejects.toMatchObject({ code: 'bad_cursor' })
    })

    test('pages of knowledge bases have each one once, whatever is made or removed meanwhile', async () => {
      const catalogue = createCatalogue(bench.database.orm.em)
      const there = [await newBase(), await newBase(), await newBase(), await newBase()].map(job => job.kb_id)
      await write(jobOf(there[1]!), { uri: 'a', texts: ['x', 'y'] })
      const listed: { readonly kb_id: string; readonly chunks: number }[] = []
      let after: string | null = null
      do {
        const page: Awaited<ReturnType<typeof catalogue.list>> = await catalogue.list({ limit: 2, after })
        listed.push(...page.knowledge_bases)
        after = page.next
        await newBase()
        if (listed.length === 2) await bench.database.orm.em.fork().nativeDelete(KnowledgeBaseRow, { id: after })
      } while (after !== null)
      const ids = listed.map(one => one.kb_id)
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids).toEqual(expect.arrayContaining(there))
      expect(listed.find(one => one.kb_id === there[1])).toMatchObject({ documents: 1, chunks: 2 })
    })

    test('gives admission the settings of a knowledge base, and changes its chunking', async () => {
      const job = await newBase()
      const em = bench.database.orm.em.fork()
      expect(await knowledgeBases.get(em, job.kb_id)).toEqual({ embedding: job.embedding, chunking: job.chunking })
      expect(await knowledgeBases.get(em, 'nowhere')).toBeNull()
      const chunking = { ...job.chunking, chunk_size: 100 }
      await knowledgeBases.setChunking(em, job.kb_id, chunking)
      expect(await knowledgeBases.get(em.fork(), job.kb_id)).toMatchObject({ chunking })
    })
  })
