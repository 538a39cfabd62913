import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { aJob, fakePorts } from '../api/fake-ports.ts'
import { done, withJob } from './jobs.ts'
import { ended, penstock, start, withServer } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

describe.concurrent('penstock ingest', () => {
  it('sends absolute paths and what was asked for, and says how to follow the job', async ({ expect }) => {
    const ports = fakePorts()
    const cwd = realpathSync(tmpdir())
    const flags = [
      '--include',
      'a/**',
      '--include',
      'b/**',
      '--chunk-size',
      '128',
      '--parallelism',
      '3',
      '--refresh-every',
      '6h',
    ]
    const args = ['ingest', 'docs', '/other', '--kb', 'handbook', '--embedding', 'openai:nomic:v1:768', ...flags]
    const { code, stdout } = await withServer(ports, url => ended(start(url, args, cwd)))
    expect(stdout).toBe('Job job-1 of handbook is admitted (pending).\nFollow it with: penstock watch job-1\n')
    expect(code).toBe(0)
    const sources = [join(cwd, 'docs'), '/other'].map(path => ({ type: 'markdown', path, include: ['a/**', 'b/**'] }))
    const refresh = { every_s: 21_600, cron: null, timezone: null }
    expect(ports.asked.submissions).toEqual([
      {
        kb_id: 'handbook',
        sources,
        chunking: { strategy: 'markdown', chunk_size: 128, chunk_overlap: 16 },
        embedding: { provider: 'openai', model: 'nomic:v1', dimensions: 768 },
        parallelism: 3,
        priority: 0,
        schedule: sources.map(spec => ({ source: 'markdown:id', spec, refresh })),
      },
    ])
  })

  it('takes an address for a website, and a path beside it for a folder', async ({ expect }) => {
    const ports = fakePorts()
    const flags = ['--include', 'example.org/docs/**', '--depth', '3', '--max-pages', '500']
    const { code } = await penstock(
      ports,
      'ingest',
      'https://example.org/docs/',
      '/notes',
      '--kb',
      'handbook',
      ...flags,
    )
    expect(code).toBe(0)
    const include = ['example.org/docs/**']
    expect(ports.asked.submissions[0]?.sources).toEqual([
      { type: 'website', urls: ['https://example.org/docs/'], include, max_depth: 3, max_pages: 500 },
      { type: 'markdown', path: '/notes', include },
    ])
  })

  it('starts a stream of events, which has nothing to name and no end', async ({ expect }) => {
    const ports = fakePorts()
    expect((await penstock(ports, 'ingest', '--type', 'events', '--kb', 'tickets')).code).toBe(0)
    expect(ports.asked.submissions[0]).toMatchObject({ kb_id: 'tickets', sources: [{ type: 'events' }] })
    for (const wrong of [['docs', '--type', 'events'], ['--type', 'events', '--watch'], []])
      expect((await penstock(ports, 'ingest', ...wrong, '--kb', 'tickets')).code).toBe(2)
  })

  it('prints the admission as one JSON document', async ({ expect }) => {
    const { stdout } = await penstock(fakePorts(), 'ingest', 'docs', '--kb', 'handbook', '--json')
    expect(JSON.parse(stdout)).toEqual({ job_id: 'job-1', kb_id: 'handbook', status: 'pending' })
  })

  it('waits for the end when asked to, and prints only the job as JSON', async ({ expect }) => {
    const { code, stdout } = await penstock(withJob(done), 'ingest', 'docs', '--kb', 'handbook', '--watch', '--json')
    expect(JSON.parse(stdout)).toEqual(aJob(done))
    expect(code).toBe(0)
  })

  it('ends with 1 when the job it waited for failed', async ({ expect }) => {
    const { code } = await penstock(withJob({ status: 'failed' }), 'ingest', 'docs', '--kb', 'handbook', '--wait')
    expect(code).toBe(1)
  })

  it('prints every mistake of a refused request', async ({ expect }) => {
    const { code, stderr } = await penstock(fakePorts(), 'ingest', 'docs', '--kb', 'Hand', '--chunk-size', '1')
    expect(code).toBe(1)
    expect(stderr).toContain('error: 2 things are wrong: kb_id, chunking.chunk_size.')
    expect(stderr).toContain('  chunking.chunk_size: must be at least 16\n')
  })

  it.each([
    [['docs'], "required option '--kb <id>' not specified"],
    [['docs', '--kb', 'a', '--type', 'shelf'], 'Allowed choices are markdown, local_files, pdf, website'],
    [['--kb', 'a'], 'name a folder, a file or an address, or say --uploads'],
    [['docs', '--kb', 'a', '--embedding', 'magic'], 'It must be PROVIDER:MODEL:DIMENSIONS'],
    [['docs', '--kb', 'a', '--chunk-size', 'big'], 'It must be a whole number'],
    [['https://example.org', '--kb', 'a', '--type', 'markdown'], "'https://example.org' is an address; a folder or a"],
    [['docs', '--kb', 'a', '--type', 'website'], "'docs' is no address; a website begins with https:// or http://"],
  ])('ends with 2 on the wrong usage %j', async (args, sentence) => {
    const { code, stderr } = await penstock(fakePorts(), 'ingest', ...args)
    expect(code).toBe(2)
    expect(stderr.match(/error: /g)).toHaveLength(1)
    expect(stderr).toContain(sentence)
  })
})
