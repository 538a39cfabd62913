import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { aHit, aJob, aKnowledgeBase, fakePorts } from '../api/fake-ports.ts'
import { done, withJob } from './jobs.ts'
import { ended, penstock, start, withServer } from './run.ts'

vi.setConfig({ testTimeout: 60_000 })

describe.concurrent('penstock', () => {
  it('explains itself, its verbs and its exit codes', async ({ expect }) => {
    const { code, stdout } = await penstock(fakePorts(), '--help')
    expect(code).toBe(0)
    for (const verb of [
      'ingest',
      'status',
      'watch',
      'pause',
      'resume',
      'cancel',
      'retry',
      'search',
      'kb',
      'dead-letters',
      'verify',
      'config',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${verb}\\b.* [a-z]`, 'm'))
    expect(stdout).toContain(
      'Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 verify found differences, 130 interrupted.',
    )
  })

  it.each([
    'ingest',
    'status',
    'watch',
    'pause',
    'resume',
    'cancel',
    'retry',
    'search',
    'kb',
    'dead-letters',
    'verify',
    'config',
  ])('explains %s with an example and says that it can print JSON', async verb => {
    const { code, stdout } = await penstock(fakePorts(), verb, '--help')
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\n  \\$ penstock ${verb}`))
    if (verb !== 'kb') expect(stdout).toContain('--json')
  })

  it('suggests the nearest verb for one that is not', async ({ expect }) => {
    const { code, stderr } = await penstock(fakePorts(), 'serach', 'handbook', 'keys')
    expect(code).toBe(2)
    expect(stderr).toContain("error: unknown command 'serach'")
    expect(stderr).toContain('(Did you mean search?)')
  })

  it('shows its help and ends with 2 when no verb is given', async ({ expect }) => {
    const { code, stderr } = await penstock(fakePorts())
    expect(code).toBe(2)
    expect(stderr).toContain('Usage: penstock')
  })

  it('says in a sentence, and in JSON, that nothing answers', async ({ expect }) => {
    const url = await withServer(fakePorts(), async url => url)
    const { code, stdout, stderr } = await ended(start(url, ['status', '--json']))
    expect(code).toBe(1)
    expect(stderr).toBe(
      `error: No Penstock answers at ${url}. Start one with \`penstock up\`, or set PENSTOCK_URL or PENSTOCK_PORT.\n`,
    )
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'unreachable' })
  })

  it('prints its settings with where they came from', async ({ expect }) => {
    const plain = await penstock(fakePorts(), 'config')
    expect(plain.stdout).toMatch(/api\.port +PENSTOCK_PORT +7400 +default/)
    const { stdout } = await penstock(fakePorts(), 'config', '--json')
    expect(JSON.parse(stdout).settings[0]).toMatchObject({ key: 'api.port', value: '7400', from: 'default' })
  })
})

describe.concurrent('penstock status', () => {
  it('lists the jobs in a table', async ({ expect }) => {
    const { stdout } = await penstock(withJob(), 'status')
    expect(stdout).toMatch(/^JOB +KB +STATUS +PHASE +PROGRESS +DOCUMENTS +CHUNKS +SUBMITTED\n/)
    expect(stdout).toMatch(/^job-1 +handbook +running +CHUNKING +40 % +120 +900 +2026-11-23T06:00:00.000Z$/m)
  })

  it('lists as many jobs as it is told to, of those that match, and says when there are more', async ({ expect }) => {
    const ports = fakePorts()
    ports.stored.jobs.push(...['job-3', 'job-2', 'job-1'].map(job_id => aJob({ job_id })))
    const filters = ['--kb', 'handbook', '--state', 'running', '--kind', 'run']
    const { stdout, stderr } = await penstock(ports, 'status', '--limit', '2', ...filters)
    expect(stdout.match(/^job-\d/gm)).toEqual(['job-3', 'job-2'])
    expect(stderr).toBe('There are more: add --limit 20\n')
    expect(ports.asked.filters).toEqual([{ kb_id: 'handbook', status: 'running', kind: 'run', limit: 2, after: null }])
    const json = JSON.parse((await penstock(ports, 'status', '--json')).stdout)
    expect([json.jobs.length, json.next]).toEqual([3, null])
    const named = await penstock(ports, 'status', 'job-1', '--kind', 'run')
    expect([named.code, named.stderr]).toEqual([2, expect.stringContaining('leave out the name, or them')])
  })

  it('says which filters had no jobs apart from that there are none', async ({ expect }) => {
    expect((await penstock(fakePorts(), 'status')).stdout).toContain('There are no jobs yet.')
    expect((await penstock(fakePorts(), 'status', '--state', 'failed')).stdout).toBe('There are no such jobs.\n')
  })

  it('shows a job, found by its id or by its knowledge base, with its phases and why it stands', async ({ expect }) => {
    const ports = withJob({ status: 'pending', waiting_for: 'two jobs before it' })
    const byKb = await penstock(ports, 'status', 'handbook')
    expect(byKb.stdout).toContain(
      'Job job-1 of knowledge base handbook: pending, 40 %\n  waiting for two jobs before it\n',
    )
    expect(byKb.stdout).toMatch(/^CHUNKING +running +40 % +120\/300 documents +- +0$/m)
    const byId = await penstock(ports, 'status', 'job-1', '--json')
    expect(JSON.parse(byId.stdout)).toEqual(ports.stored.jobs[0])
  })

  it('says that a name is neither', async ({ expect }) => {
    const { code, stderr } = await penstock(fakePorts(), 'status', 'Nothing Such')
    expect(code).toBe(1)
    expect(stderr).toContain("'Nothing Such' is no job, and no knowledge base that has had one.")
  })
})

describe.concurrent('penstock watch', () => {
  it('prints plain lines where there is no terminal, then how the job ended', async ({ expect }) => {
    const { code, stdout, stderr } = await penstock(withJob(done), 'watch', 'handbook')
    expect(stderr).toBe('job job-1 completed\nLOADING    completed 100 %  300/300 documents\n')
    expect(stdout).toBe('Job job-1 of handbook completed in 12.3 s: 120 documents, 900 chunks.\n')
    expect(code).toBe(0)
  })

  it.each(['failed', 'cancelled'] as const)('ends with 1 when the job was %s', async status => {
    const error = { code: 'unauthorized', message: 'The key was refused.', phase: 'EMBEDDING', lane: 3 }
    const { code, stdout } = await penstock(withJob({ status, error }), 'watch', 'job-1')
    expect(code).toBe(1)
    expect(stdout).toContain('EMBEDDING failed: The key was refused. (unauthorized)')
  })

  it('prints a line of JSON for every change', async ({ expect }) => {
    const ports = withJob()
    const { stdout, code } = await withServer(ports, async url => {
      const child = start(url, ['watch', 'job-1', '--json'])
      child.stdout?.once('data', () => ports.stored.jobs.splice(0, 1, aJob(done)))
      return ended(child)
    })
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual([aJob(), aJob(done)])
    expect(code).toBe(0)
  })

  it('says on Ctrl-C that the job goes on', async ({ expect }) => {
    const { code, stderr } = await withServer(withJob(), async url => {
      const child = start(url, ['watch', 'job-1'])
      const end = ended(child)
      await once(child.stderr!, 'data')
      child.kill('SIGINT')
      return end
    })
    expect(code).toBe(130)
    expect(stderr).toContain('The job goes on. Follow it again with: penstock watch job-1\n')
  })
})

describe.concurrent('penstock search, kb and dead-letters', () => {
  it('shows hits with score, headings, where they are, and how they begin', async ({ expect }) => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    ports.stored.hits.push(aHit({ text: 'Rotate \u001b[31mthe keys\nevery month.' }))
    ports.stored.hits.push(aHit({ headingPath: ['Keys', 'Rotation'] }))
    const { stdout } = await penstock(ports, 'search', 'handbook', 'rotate', 'keys', '--top-k', '3', '--mode', 'text')
    const id = 'c'.repeat(32)
    expect(stdout).toBe(
      `1. 0.7500  Keys › Operations › Rotation\n   file:///docs/keys.md\n   ${id}\n   Rotate [31mthe keys every month.\n\n` +
        `2. 0.7500  Keys › Rotation\n   file:///docs/keys.md\n   ${id}\n   Rotate the keys every month.\n\n`,
    )
    expect(ports.asked.searches).toMatchObject([{ text: 'rotate keys', topK: 3, mode: 'text' }])
    const json = await penstock(ports, 'search', 'handbook', 'keys', '--json')
    expect(JSON.parse(json.stdout).hits).toHaveLength(2)
  })

  it('lists and shows knowledge bases and their documents', async ({ expect }) => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    ports.stored.page = {
      documents: [
        {
          document_id: 'd1',
          source: 's',
          uri: 'file:///a.md',
          title: 'A',
          media_type: 'text/markdown',
          version: 1,
          chunks: 4,
          updated_at: '2026-11-23T06:00:00.000Z',
        },
      ],
      next: 'cursor',
    }
    expect((await penstock(ports, 'kb', 'list')).stdout).toMatch(/^handbook +300 +1,234 +hashing:hashing-v1:64 /m)
    ports.stored.knowledgeBases.push(aKnowledgeBase({ kb_id: 'notes' }))
    const some = await penstock(ports, 'kb', 'list', '--limit', '1')
    expect([some.stdout.match(/^handbook|^notes/gm), some.stderr]).toEqual([
      ['handbook'],
      'There are more: leave out --limit\n',
    ])
    expect((await penstock(ports, 'kb', 'show', 'handbook')).stdout).toContain(
      'recursive, 256 tokens with 16 of overlap',
    )
    const documents = await penstock(ports, 'kb', 'documents', 'handbook')
    expect(documents.stdout).toMatch(/^d1 +4 +A +file:\/\/\/a\.md$/m)
    expect(documents.stdout).toContain("There are more: penstock kb documents handbook --after 'cursor'")
  })

  it('groups dead letters by cause', async ({ expect }) => {
    const ports = withJob()
    const examples = [{ uri: 'a.md', message: 'Binary.' }]
    ports.stored.deadLetters.push({ stage: 'loading', code: 'binary_file', count: 2, open: 2, examples })
    const { stdout, stderr } = await penstock(ports, 'dead-letters', 'handbook')
    expect(stdout).toBe('2 times binary_file in loading\n  a.md: Binary.\n')
    expect(stderr).toContain('penstock dead-letters replay handbook')
  })
})
