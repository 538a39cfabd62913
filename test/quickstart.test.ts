import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { type Access, everything, openAccess } from '../src/api/doors/access.ts'
import type { Output } from '../src/cli/context.ts'
import { loadConfig } from '../src/config.ts'
import { keyToShow, quickstart } from '../src/quickstart.ts'
import { type Corpus, findCorpus } from '../src/quickstart-corpus.ts'
import { aHit, aJob, aKnowledgeBase, type FakePorts, fakePorts } from './api/fake-ports.ts'
import { done } from './cli/jobs.ts'
import { withServer } from './cli/run.ts'
import { ended, runPenstock } from './kit/penstock.ts'
import { runs, treeOf } from './kit/process-tree.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'
import { until } from './kit/until.ts'

const path = '/corpus'
const urlOf = (name: string) => pathToFileURL(`${path}/${name}`).href
const corpus: Corpus = {
  path,
  kb: 'handbook',
  include: ['**/*.md'],
  exclude: [],
  files: [[urlOf('a.md')], [urlOf('b.md')], [urlOf('link.md'), urlOf('real.md')]],
  queries: ['rotate keys'],
}

let ports: FakePorts
/** The knowledge base holds these files after a job that rejected those. */
const found = (indexed: readonly string[], rejected: readonly string[] = [], unnamed = 0) => {
  const metrics = { ...aJob().metrics, documents: 3, chunks: 7, rejected: rejected.length + unnamed }
  ports.stored.jobs.push(aJob({ ...done, metrics }))
  ports.stored.page = {
    documents: indexed.map((name, i) => ({
      document_id: `d${i}`,
      source: 's',
      uri: urlOf(name),
      title: `Title of ${name}`,
      media_type: 'text/markdown',
      version: 1,
      chunks: 2,
      updated_at: '2026-11-23T06:00:00.000Z',
    })),
    next: null,
  }
  const examples = rejected.map(name => ({ uri: urlOf(name), message: `${name} holds no text.` }))
  if (metrics.rejected > 0)
    ports.stored.deadLetters.push({
      stage: 'loading',
      code: 'empty_document',
      count: metrics.rejected,
      open: metrics.rejected,
      examples,
    })
}
const run = async (over: Partial<Corpus> = {}, apiKey: string | null = null, access?: Access) => {
  let text = ''
  const output = new Writable({
    write(chunk, _encoding, next) {
      text += String(chunk)
      next()
    },
  }) as Output
  const { signal } = new AbortController()
  const options = { apiKey, corpus: { ...corpus, ...over }, cwd: '/', output, signal }
  const whole = await withServer(ports, url => quickstart({ ...options, url }), access)
  return { whole, text }
}

beforeEach(() => {
  ports = fakePorts()
  ports.stored.knowledgeBases.push(aKnowledgeBase())
  ports.stored.hits.push(aHit())
})

describe('the quickstart', () => {
  test('tells counts and rates and searches, when every file is indexed, a link by what it leads to', async () => {
    found(['a.md', 'b.md', 'real.md'])
    const { whole, text } = await run()
    expect(whole).toBe(true)
    expect(text).toContain('Ingesting 3 Markdown files below corpus into knowledge base "handbook".\n')
    expect(text).toContain('3 documents and 6 chunks are in knowledge base "handbook".\n')
    expect(text).toMatch(/^This run took \d+\.\d s: \d+ documents\/s, \d+ chunks\/s\.$/m)
    expect(text).toContain('$ penstock search handbook rotate keys\n  1. 0.7500  Keys › Operations › Rotation\n')
    expect(ports.asked.submissions).toMatchObject([{ kb_id: 'handbook', sources: [{ path, include: ['**/*.md'] }] }])
  })

  test('shows its key where the API wants one', async () => {
    found(['a.md', 'b.md', 'real.md'])
    const access = { ...openAccess, open: false, find: async (key: string) => (key === 'good' ? everything : null) }
    expect((await run({}, 'good', access)).whole).toBe(true)
    await expect(run({}, 'bad', access)).rejects.toMatchObject({ code: 'bad_key' })
  })

  test('takes the key of the command line or the admin key, and none where none is wanted', () => {
    const load = (env: Readonly<Record<string, string>>) => keyToShow(loadConfig({ env, cwd: '/' }))
    const [admin, own] = [{ PENSTOCK_ADMIN_KEY: 'a'.repeat(32) }, { PENSTOCK_API_KEY: 'own' }]
    for (const closed of [{ PENSTOCK_REQUIRE_KEYS: 'true' }, { PENSTOCK_HOST: '0.0.0.0' }]) {
      expect(load({ ...closed, ...admin })).toBe('a'.repeat(32))
      expect(load({ ...closed, ...admin, ...own })).toBe('own')
      expect(() => load(closed)).toThrow(/Set PENSTOCK_ADMIN_KEY to .* or PENSTOCK_API_KEY to a key/)
    }
    expect(load({ ...admin, ...own })).toBeNull()
  })

  test('fails and names the file when one is lost', async () => {
    found(['a.md', 'real.md'])
    const { whole, text } = await run()
    expect(whole).toBe(false)
    expect(text).toContain(`1 file of 3 neither indexed nor rejected:\n  ${urlOf('b.md')}\n`)
  })

  test('is whole when what is not indexed was rejected, and says why', async () => {
    found(['a.md', 'real.md'], ['b.md'])
    const { whole, text } = await run()
    expect(whole).toBe(true)
    expect(text).toContain(`1 rejected:\n  empty_document: ${urlOf('b.md')} b.md holds no text.\n`)
  })

  test('gives credit for rejects that the API does not name', async () => {
    found(['a.md'], ['b.md'], 1)
    expect(await run()).toMatchObject({ whole: true, text: expect.stringContaining('empty_document: and 1 more') })
  })

  test('documents of another folder in the same knowledge base make up for nothing', async () => {
    found(['a.md', 'real.md', 'other/1.md', 'other/2.md'])
    expect(await run()).toMatchObject({ whole: false, text: expect.stringContaining(urlOf('b.md')) })
  })

  test('without queries of its own it searches for titles of what it found', async () => {
    found(['a.md', 'b.md', 'real.md'])
    await run({ queries: null })
    expect(ports.asked.searches.map(({ text }) => text)).toEqual(['Title of a.md', 'Title of b.md', 'Title of real.md'])
  })

  test('a job that fails is told with its reason, and is not whole', async () => {
    const error = { code: 'source_gone', message: 'The folder is gone.', phase: 'LOADING', lane: 0 }
    ports.stored.jobs.push(aJob({ ...done, status: 'failed', error }))
    const { whole, text } = await run()
    expect(whole).toBe(false)
    expect(text).toContain('The job is failed: The folder is gone.\n')
    expect(ports.asked.searches).toEqual([])
  })

  test('a run that was interrupted is followed to its end before the next is submitted', async () => {
    found(['a.md', 'b.md', 'real.md'])
    const [completed] = ports.stored.jobs.splice(0)
    ports.stored.jobs.push({ ...completed!, job_id: 'job-0', status: 'running', completed_at: null })
    let looks = 0
    const { get } = ports.jobs
    const jobs = {
      ...ports.jobs,
      get: async (id: string) => {
        if (id === 'job-1') return { ...completed!, job_id: id }
        expect(ports.asked.submissions).toEqual([])
        looks += 1
        return looks < 3 ? get(id) : { ...completed!, job_id: id }
      },
    }
    ports = { ...ports, jobs }
    const { whole, text } = await run()
    expect({ whole, looks }).toEqual({ whole: true, looks: 3 })
    expect(text).toMatch(/^An earlier run was interrupted; it goes on where it was\.$/m)
    expect(ports.asked.submissions).toHaveLength(1)
  })
})

describe('what the quickstart ingests', () => {
  const { folder, remove } = temporaryFolder('corpus')
  afterAll(remove)

  test('is the visible Markdown of a folder, each file by its names, in a knowledge base of its own', () => {
    const docs = join(folder, 'My Dócs!')
    for (const made of ['sub', '.hidden', 'a-folder.md']) mkdirSync(join(docs, made), { recursive: true })
    for (const file of ['a.md', 'sub/b.mdx', 'c.txt', '.d.md', '.hidden/e.md']) writeFileSync(join(docs, file), 'text')
    symlinkSync('a.md', join(docs, 'link.md'))
    symlinkSync('nowhere', join(docs, 'dangling.md'))
    const corpus = findCorpus('My Dócs!', folder)
    const url = (name: string) => pathToFileURL(join(docs, name)).href
    expect(corpus).toMatchObject({ path: docs, kb: 'quickstart-my-do-cs', exclude: [], queries: null })
    expect([...corpus.files].sort()).toEqual([[url('a.md')], [url('link.md'), url('a.md')], [url('sub/b.mdx')]])
  })

  test('without a folder is what the installed packages say, but for the one that npm changes by itself', () => {
    for (const name of ['kafkajs', 'node']) {
      mkdirSync(join(folder, 'node_modules', name), { recursive: true })
      writeFileSync(join(folder, 'node_modules', name, 'README.md'), 'text')
    }
    const { kb, files, exclude, queries } = findCorpus(null, folder)
    expect({ kb, files, exclude }).toEqual({
      kb: 'quickstart',
      files: [[pathToFileURL(join(folder, 'node_modules/kafkajs/README.md')).href]],
      exclude: ['node/**'],
    })
    expect(queries).toHaveLength(3)
  })

  test.each([
    ['nothing', 'nothing does not exist. Give another folder'],
    ['a.txt', 'a.txt is not a folder. Give another folder'],
    ['bare', 'There is no Markdown below .*bare. Give another folder'],
  ])('is refused with a sentence where there is none: %s', (name, sentence) => {
    mkdirSync(join(folder, 'bare'), { recursive: true })
    writeFileSync(join(folder, 'a.txt'), 'text')
    expect(() => findCorpus(name, folder)).toThrow(new RegExp(sentence))
  })
})

// The process tree is read from /proc.
describe.runIf(process.platform === 'linux')('penstock quickstart', () => {
  const { folder, remove } = temporaryFolder('quickstart')
  afterAll(remove)
  const files = 160

  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL, ...inherited } = process.env
  const start = (...args: readonly string[]) =>
    runPenstock(['quickstart', ...args], folder, {
      ...inherited,
      PENSTOCK_DATA_DIR: join(folder, 'data'),
      PENSTOCK_PORT: '0',
      PENSTOCK_LOG_LEVEL: 'warn',
    })

  test('ends whole on Ctrl-C in the middle of its job, and goes on with the next run to the end', {
    timeout: 150_000,
  }, async () => {
    const corpus = join(folder, 'docs')
    mkdirSync(corpus)
    for (let i = 0; i < files; i++) {
      const parts = Array.from({ length: 20 }, (_, p) => `## Part ${p}\n\n${`lorem${i} ipsum${p} `.repeat(60)}`)
      writeFileSync(join(corpus, `f${i}.md`), `# File ${i}\n\n${parts.join('\n\n')}\n`)
    }
    writeFileSync(join(corpus, 'empty.md'), '')

    const first = start('docs')
    await until(
      'the job runs',
      () => {
        if (first.child.exitCode !== null) throw new Error(first.output())
        return / running$/m.test(first.output())
      },
      90_000,
    )
    const tree = treeOf(first.child.pid!)
    first.child.kill('SIGINT')
    expect((await ended(first)).code).toBe(130)
    expect(tree.filter(runs)).toEqual([])

    const { code, output } = await ended(start('docs', '--once', '--json'))
    expect(output).toContain('An earlier run was interrupted; it goes on where it was.\n')
    expect(output).toContain(
      `Ingesting ${files + 1} Markdown files below docs into knowledge base "quickstart-docs".\n`,
    )
    expect(output).toMatch(new RegExp(`^${files} documents and [\\d,]+ chunks are in knowledge base`, 'm'))
    expect(output).toMatch(/^1 rejected:\n {2}empty_document: file:.*\/docs\/empty\.md /m)
    expect(output).toMatch(/^\{"url":"http:[^"]+","kb_id":"quickstart-docs","whole":true\}$/m)
    expect(output.match(/^\$ penstock search quickstart-docs File \d+\n {2}1\. /gm)).toHaveLength(3)
    expect(code).toBe(0)
  })
})
